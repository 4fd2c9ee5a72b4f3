"""Which files a migration leaves alone because of what they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from torchdet.model.file_kinds import DOCUMENTS, NOTEBOOK, PYTHON, STUB

VENDORED = frozenset(
    {"_vendor", "_vendored", "vendor", "vendored", "third_party", "thirdparty", "3rdparty"}
)
"""Folders that hold code which others maintain."""


def is_vendored(path: str, asked: Sequence[str]) -> bool:
    """Whether ``path`` lies in a folder of code that others maintain, which nobody asked for.

    >>> is_vendored("src/pkg/_vendor/net.py", ["src"])
    True
    >>> is_vendored("src/pkg/_vendor/net.py", ["src/pkg/_vendor"])
    False
    """
    parts = Path(path).parts
    named = max((_common(parts, Path(each).parts) for each in asked), default=0)
    return not VENDORED.isdisjoint(parts[named:-1])


def is_module(path: str, asked: Sequence[str]) -> bool:
    """Whether ``path`` is a module or a notebook, or was asked for whatever it is.

    >>> is_module("pkg/net.py", ["pkg"]), is_module("pkg/net.pyi", ["pkg"])
    (True, False)
    """
    return path.endswith((PYTHON, NOTEBOOK)) or path in map(os.path.normpath, asked)


def why_unmigrated(path: str) -> str | None:
    """Why a file that was named is left alone because of what it is; None for other files.

    >>> why_unmigrated("train.py") is None
    True
    """
    return _KINDS_LEFT_ALONE.get(Path(path).suffix)


_KINDS_LEFT_ALONE = {
    STUB: "a stub, which is never run: what it imports are types, and they stay",
    **dict.fromkeys(DOCUMENTS, "a document: its pieces of code are no module that gets torch"),
}


def _common(parts: tuple[str, ...], named: tuple[str, ...]) -> int:
    """How many of ``parts`` were named, if ``named`` lead to them."""
    return len(named) if parts[: len(named)] == named else 0
