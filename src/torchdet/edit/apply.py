"""Fixes applied to text; pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from torchdet.model.fix import Fix, TextEdit


@dataclass(frozen=True, slots=True)
class Applied:
    """The text with ``applied`` fixes in it; the ``skipped`` ones overlapped an earlier one."""

    text: str
    applied: tuple[Fix, ...]
    skipped: tuple[Fix, ...]


def apply_fixes(text: str, fixes: Sequence[Fix]) -> Applied:
    """Apply ``fixes`` to ``text``, in the order given, each as a whole or not at all.

    A fix that overlaps one applied before it is skipped, and can be found again in the result.
    Characters that no edit touches stay as they are. Two insertions at one place stand in the
    order in which they were given.
    """
    applied: list[Fix] = []
    skipped: list[Fix] = []
    edits = EditSet()
    for fix in fixes:
        if any(edits.overlap(edit) for edit in fix.edits):
            skipped.append(fix)
        else:
            applied.append(fix)
            for edit in fix.edits:
                edits.add(edit)
    return Applied(edits.spliced(text), tuple(applied), tuple(skipped))


class EditSet:
    """Edits that do not overlap, by their place: looking one up takes logarithmic time."""

    def __init__(self) -> None:
        self._sorted: list[tuple[int, int, int, str]] = []

    def add(self, edit: TextEdit) -> None:
        """Put ``edit`` among the others."""
        start, end = _offsets(edit)
        insort(self._sorted, (start, end, len(self._sorted), edit.content))

    def overlap(self, edit: TextEdit) -> bool:
        """Whether ``edit`` touches the characters of another, or is an insertion once more."""
        start, end = _offsets(edit)
        index = bisect_left(self._sorted, (start,))
        if index and self._sorted[index - 1][1] > start:
            return True
        for other_start, other_end, _, content in islice(self._sorted, index, None):
            if other_start > start and other_start >= end:
                return False
            if (other_start, other_end, content) == (start, end, edit.content):
                return True
            if other_start < end and other_end > start:
                return True
        return False

    def spliced(self, text: str) -> str:
        """``text`` with all edits made."""
        pieces: list[str] = []
        copied = 0
        for start, end, _, content in self._sorted:
            pieces += (text[copied:start], content)
            copied = end
        return "".join((*pieces, text[copied:]))


def _offsets(edit: TextEdit) -> tuple[int, int]:
    return edit.span.start.offset, edit.span.end.offset
