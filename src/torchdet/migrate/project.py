"""Which files of a project are migrated, and what its packaging lacks afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from torchdet.model.migration import UndeclaredDependency
from torchdet.reading.project.metadata import ProjectMetadata

_ROOT_MARKS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "torchdet.toml")

VENDORED = frozenset(
    {"_vendor", "_vendored", "vendor", "vendored", "third_party", "thirdparty", "3rdparty"}
)
"""Folders that hold code which others maintain."""


def project_folders(paths: Iterable[str]) -> tuple[Path, ...]:
    """The folders from each of ``paths`` up to the root of its project, outermost first.

    The root is the nearest folder with a repository or a packaging file; without one the path's
    own folder is.
    """
    folders: dict[Path, None] = {}
    for path in paths:
        folders |= dict.fromkeys(reversed(_up_to_root(path)))
    return tuple(folders)


def project_roots(paths: Iterable[str]) -> tuple[Path, ...]:
    """The root of the project of each of ``paths``, where no other root is above it.

    A home directory is none, even where its settings are kept in a repository.
    """
    homes = {Path(os.path.expanduser("~")), Path("/")}  # "~" itself for a user without one
    chains = [_up_to_root(path) for path in paths]
    roots = {chain[0] if chain[-1] in homes else chain[-1] for chain in chains}
    return tuple(sorted(root for root in roots if roots.isdisjoint(root.parents)))


def _up_to_root(path: str) -> list[Path]:
    """The folders from ``path`` up to the root of its project."""
    start = Path(os.path.abspath(path))
    start = start if start.is_dir() else start.parent
    above = [start, *start.parents]
    root = next((i for i, folder in enumerate(above) if _is_root(folder)), 0)
    return above[: root + 1]


def _is_root(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in _ROOT_MARKS)


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


def why_unmigrated(path: str) -> str | None:
    """Why a file that was named is left alone because of what it is; None for other files.

    >>> why_unmigrated("train.py") is None
    True
    """
    return _KINDS_LEFT_ALONE.get(Path(path).suffix)


_KINDS_LEFT_ALONE = {
    ".ipynb": "a notebook, which torchdet does not read; migrate the script that "
    "`jupyter nbconvert --to script` makes of it",
    ".pyi": "a stub, which is never run: what it imports are types, and they stay",
}


def _common(parts: tuple[str, ...], named: tuple[str, ...]) -> int:
    """How many of ``parts`` were named, if ``named`` lead to them."""
    return len(named) if parts[: len(named)] == named else 0


def undeclared(metadata: ProjectMetadata, name: str) -> Iterator[UndeclaredDependency]:
    """The packaging files that require torch and do not require ``name``."""
    declares = {each.path for each in metadata.requirements if each.is_of(name)}
    for each in metadata.requirements:
        if each.is_of("torch") and each.path not in declares:
            declares.add(each.path)
            yield UndeclaredDependency(each.path, each.row, each.form.value.format(name=name))
