"""How large the diff of a migration is: rows added and removed, and in how many files for what."""

from __future__ import annotations

import difflib
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DiffSize:
    """Rows of all files that a migration wrote.

    ``imports_only`` are the rows added to each file that changed only for its imports, ``new`` the
    rows of files that were not there.
    """

    added: int
    removed: int
    new: int
    imports_only: tuple[int, ...]

    @property
    def median(self) -> float:
        """The median of ``imports_only``; 0 without such a file."""
        return statistics.median(self.imports_only) if self.imports_only else 0


def diff_size(
    before: Path, after: Path, changed: Iterable[str], imports_only: frozenset[str]
) -> DiffSize:
    """The size of the difference between two copies of a project in the files ``changed``."""
    added = removed = new = 0
    only: list[int] = []
    for path in changed:
        more, less = _rows(before / path, after / path)
        added, removed = added + more, removed + less
        if path in imports_only:
            only.append(more)
        if not (before / path).exists():
            new += more
    return DiffSize(added, removed, new, tuple(sorted(only)))


def _rows(before: Path, after: Path) -> tuple[int, int]:
    """The rows added and removed between two files, either of which may be missing."""
    texts = [path.read_bytes().splitlines() if path.exists() else [] for path in (before, after)]
    old, new = ([row.decode("utf-8", "replace") for row in text] for text in texts)
    _, _, *rows = [*difflib.unified_diff(old, new, n=0, lineterm="")] or ("", "")
    return sum(row[0] == "+" for row in rows), sum(row[0] == "-" for row in rows)
