"""Where a project begins: the one answer for what rules ask of it and for migrations."""

from __future__ import annotations

import os
from collections.abc import Iterable

ROOT_MARKS = (".git", ".hg", "pyproject.toml", "setup.cfg", "setup.py", "torchdet.toml")
"""What lies in the root of a project: its repository, packaging files, or configuration."""


def project_root(folder: str) -> str | None:
    """The nearest folder, at or above ``folder``, that is the root of a project.

    A package is never a root, whatever is called ``setup.py`` in it, nor is a home directory, even
    where its settings are kept in a repository.
    """
    homes = {os.path.expanduser("~"), os.path.abspath(os.sep)}  # "~" itself for a nameless user
    above = outside_packages(folder)
    while above not in homes:
        if any(os.path.exists(os.path.join(above, mark)) for mark in ROOT_MARKS):
            return above
        below, above = above, os.path.dirname(above)
        if above == below:
            break
    return None


def outside_packages(folder: str) -> str:
    """The nearest folder, at or above ``folder``, without an ``__init__.py``."""
    above = os.path.abspath(folder)
    while os.path.isfile(os.path.join(above, "__init__.py")):
        above = os.path.dirname(above)
    return above


def project_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders from each of ``paths`` up to the root of its project, outermost first.

    Of a path in no project its own folder alone.
    """
    folders: dict[str, None] = {}
    for path in paths:
        folder = _folder_of(path)
        root = project_root(folder) or folder
        between = [folder]
        while between[-1] != root:
            between.append(os.path.dirname(between[-1]))
        folders |= dict.fromkeys(reversed(between))
    return tuple(folders)


def project_roots(paths: Iterable[str]) -> tuple[str, ...]:
    """The roots of the projects of ``paths``, without those inside another.

    Of a path in no project its own folder.
    """
    folders = map(_folder_of, paths)
    roots = sorted({project_root(folder) or folder for folder in folders})
    outermost: list[str] = []
    for root in roots:  # what is above comes first
        if not any(root.startswith(each.rstrip(os.sep) + os.sep) for each in outermost):
            outermost.append(root)
    return tuple(outermost)


def _folder_of(path: str) -> str:
    absolute = os.path.abspath(path)
    return absolute if os.path.isdir(absolute) else os.path.dirname(absolute)
