"""Which modules are tests, where a device's name is often data: given, and expected back."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.reading.context import Context


def is_test_module(context: Context) -> bool:
    """Whether the file is a test by pytest's or unittest's conventions, or lies among tests."""
    path = PurePath(context.path)
    try:
        path = path.relative_to(context.config.root)
    except ValueError:  # the folders above the configuration's say nothing
        path = PurePath(*context.module_name.split("."))
    stem = path.stem
    among = not {"test", "tests"}.isdisjoint(path.parts[:-1])
    return among or stem.startswith("test_") or stem.endswith("_test") or stem == "conftest"
