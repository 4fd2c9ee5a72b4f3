"""Links that lead out of the tree that a command is about: nothing is written through them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from torchdet.engine.git_program import is_below
from torchdet.engine.work_tree import work_tree


class LinkOut(NamedTuple):
    """A path that is a link, or lies below one, and leads out of the folder ``tree``."""

    path: str
    target: str
    tree: str

    def __str__(self) -> str:
        return f"{self.path}: a link to {self.target}, outside {self.tree}"


def link_out(path: str, named: Sequence[str]) -> LinkOut | None:
    """How ``path`` leads out of its tree, if it does; ``named`` are the paths of the command.

    Trees are the work trees of git, the folders that are named or hold a file that is named, and
    the current folder, as far as they are above ``path`` as it is written. The innermost counts,
    unless it is itself a link that leads out of the next. A path in none of them is the user's own
    word for a place, such as ``/dev/stdout``, and leads where it leads.
    """
    tree = ""
    for outer in _trees_around(os.path.dirname(os.path.abspath(path)), named):
        if not tree or not is_below(tree, outer):
            tree = outer
    if not tree or is_below(path, tree):
        return None
    return LinkOut(path, os.path.realpath(path), tree)


def _trees_around(folder: str, named: Sequence[str]) -> list[str]:
    """The trees that ``folder`` lies in as it is written, innermost first."""
    # Where the settings in a home are kept in a repository, what lies below is no part of it.
    home = os.path.realpath(os.path.expanduser("~"))
    around = (os.path.abspath(os.curdir), *_work_trees(folder))
    roots = {*_folders(named), *(each for each in around if os.path.realpath(each) != home)}
    return sorted((each for each in roots if _is_written_below(folder, each)), key=len)[::-1]


def _work_trees(folder: str) -> Iterator[str]:
    root = work_tree(folder)
    while root is not None:
        yield root
        above = os.path.dirname(root)
        root = work_tree(above) if above != root else None


def _folders(named: Iterable[str]) -> Iterator[str]:
    for path in map(os.path.abspath, named):
        yield path if os.path.isdir(path) else os.path.dirname(path)


def _is_written_below(folder: str, holder: str) -> bool:
    return folder == holder or folder.startswith(holder.rstrip(os.sep) + os.sep)
