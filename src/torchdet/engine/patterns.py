"""Path patterns, as ``.gitignore`` has them, relative to a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
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
