"""Path patterns, as ``.gitignore`` has them, relative to a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

from torchdet.glob_pattern import GlobPattern, alternatives, parse_pattern


class Patterns:
    """Patterns below ``root``. ``build`` matches at any depth, ``src/build`` only there.

    >>> Patterns(".", [parse_pattern("tests/*")]).match("tests/test_model.py")
    True
    """

    def __init__(self, root: str, patterns: Iterable[GlobPattern]) -> None:
        self._root = os.path.abspath(root)
        groups = groupby(patterns, key=lambda pattern: pattern.include)
        self._groups = [_Group(include, tuple(members)) for include, members in groups][::-1]
        self._covered: dict[str, bool] = {"": False}

    def relative(self, path: str) -> str | None:
        """``path`` as seen from the root, with forward slashes; None when it lies elsewhere."""
        relative = os.path.relpath(os.path.abspath(path), self._root)
        if relative == os.pardir or relative.startswith(os.pardir + os.sep):
            return None
        return relative.replace(os.sep, "/")

    def verdict(self, relative: str) -> bool | None:
        """What the patterns say of a path: True to include it, False (``!``) not to.

        ``relative`` is a path as ``relative()`` gives it, with a slash at its end for a folder.
        The last pattern that matches counts, and that of a folder above the path before it. None
        when no pattern matches.
        """
        if not self._groups:
            return None
        folder, _, name = relative.removesuffix("/").rpartition("/")
        if self._covers(folder):
            return True
        return self._said(relative, name)

    def match(self, path: str) -> bool:
        """Whether the patterns include the file at ``path`` or a folder above it."""
        relative = self.relative(path)
        return relative is not None and self.verdict(relative) is True

    def _covers(self, folder: str) -> bool:
        """Whether the patterns include ``folder`` or one above it."""
        known = self._covered.get(folder)
        if known is not None:
            return known
        covered = False
        end = 0
        while end < len(folder) and not covered:
            slash = folder.find("/", end)
            end = len(folder) if slash < 0 else slash
            above = folder[:end]
            if above not in self._covered:
                self._covered[above] = self._said(f"{above}/", above.rpartition("/")[2]) is True
            covered = self._covered[above]
            end += 1
        self._covered[folder] = covered
        return covered

    def _said(self, relative: str, name: str) -> bool | None:
        for group in self._groups:
            if group.matches(relative, name):
                return group.include
        return None


class _Group:
    """Patterns that follow each other and say the same; those about names are looked up."""

    def __init__(self, include: bool, patterns: tuple[GlobPattern, ...]) -> None:
        self.include = include
        self._names = {each.name for each in patterns if not each.folders_only}
        self._folder_names = {each.name for each in patterns}
        self._suffixes = tuple(
            each.suffix for each in patterns if each.suffix is not None and not each.folders_only
        )
        self._folder_suffixes = tuple(each.suffix for each in patterns if each.suffix is not None)
        self._others = tuple(
            (each.literal, each.regex) for each in patterns if each.regex is not None
        )

    def matches(self, relative: str, name: str) -> bool:
        """Whether one of the patterns matches ``relative``, whose last part is ``name``."""
        is_folder = relative.endswith("/")
        return (
            name in (self._folder_names if is_folder else self._names)
            or name.endswith(self._folder_suffixes if is_folder else self._suffixes)
            or any(
                literal in relative and _compiled(regex).match(relative) is not None
                for literal, regex in self._others
            )
        )


# Few patterns of an ignore file come near any path, and compiling them is what costs.
_compiled = lru_cache(maxsize=None)(re.compile)


def configured_patterns(root: str, patterns: Iterable[str]) -> Patterns:
    """The patterns that a configuration in ``root`` lists.

    Beside what ``.gitignore`` knows, they may hold alternatives in braces, and begin with ``./``
    or with the absolute path of ``root``, as ruff's may. A ``#`` begins no comment in them. Raises
    ``PatternError`` for one that can match nothing.

    >>> configured_patterns(".", ["./{tests,docs}/*"]).match("docs/conf.py")
    True
    """
    listed = (_anchored(root, each) for pattern in patterns for each in alternatives(pattern))
    return Patterns(root, map(parse_pattern, listed))


def _anchored(root: str, pattern: str) -> str:
    mark = "!" if pattern.startswith("!") else ""
    rest = pattern[len(mark) :]
    here = os.path.abspath(root).replace(os.sep, "/").rstrip("/")
    if rest.startswith(f"{here}/"):
        rest = rest[len(here) :]
    elif rest.startswith("./"):
        rest = rest[1:]
    return f"{mark}{rest}"
