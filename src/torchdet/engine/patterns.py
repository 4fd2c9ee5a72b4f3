"""Path patterns, as ``.gitignore`` has them, relative to a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Patterns:
    """Patterns below ``root``. ``build`` matches at any depth, ``src/build`` only there.

    >>> Patterns(".", ["tests/*"]).match("tests/test_model.py")
    True
    """

    def __init__(self, root: str, lines: Iterable[str]) -> None:
        self._root = os.path.abspath(root)
        self._lines = tuple(lines)

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        from pathspec import GitIgnoreSpec

        return GitIgnoreSpec.from_lines(self._lines)

    def relative(self, path: str) -> str | None:
        """``path`` as seen from the root, with forward slashes; None when it lies elsewhere."""
        relative = os.path.relpath(os.path.abspath(path), self._root)
        if relative == os.pardir or relative.startswith(os.pardir + os.sep):
            return None
        return relative.replace(os.sep, "/")

    def verdict(self, relative: str) -> bool | None:
        """What the last pattern that matches says: True to include, False (``!``) not to.

        ``relative`` is a path as ``relative()`` gives it, with a slash at its end for a folder.
        None when no pattern matches.
        """
        if not self._lines:
            return None
        return self._spec.check_file(relative).include

    def match(self, path: str) -> bool:
        """Whether the patterns include the file at ``path`` or a folder above it."""
        relative = self.relative(path)
        return relative is not None and self.verdict(relative) is True


_BRACES = re.compile(r"\{([^{}]*)\}")


def configured_patterns(root: str, patterns: Iterable[str]) -> Patterns:
    """The patterns that a configuration in ``root`` lists.

    Beside what ``.gitignore`` knows, they may hold alternatives in braces, and begin with ``./``
    or with the absolute path of ``root``, as ruff's may. A ``#`` begins no comment in them.

    >>> configured_patterns(".", ["./{tests,docs}/*"]).match("docs/conf.py")
    True
    """
    return Patterns(
        root, (_anchored(root, each) for pattern in patterns for each in _alternatives(pattern))
    )


def _alternatives(pattern: str) -> Iterator[str]:
    """``pattern`` with each combination of what its braces offer."""
    braces = _BRACES.search(pattern)
    if braces is None:
        yield pattern
        return
    for choice in braces[1].split(","):
        yield from _alternatives(f"{pattern[: braces.start()]}{choice}{pattern[braces.end() :]}")


def _anchored(root: str, pattern: str) -> str:
    mark = "!" if pattern.startswith("!") else ""
    rest = pattern[len(mark) :]
    here = os.path.abspath(root).replace(os.sep, "/").rstrip("/")
    if rest.startswith(f"{here}/"):
        rest = rest[len(here) :]
    elif rest.startswith("./"):
        rest = rest[1:]
    return f"{mark}\\{rest}" if rest.startswith("#") else f"{mark}{rest}"
