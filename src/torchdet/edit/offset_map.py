"""Where the characters of a text stand after it was edited."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from torchdet.model.fix import TextEdit

Range = tuple[int, int]
"""Offsets in characters: from the first up to, not including, the second."""


class Change(NamedTuple):
    """One edit: the range that it replaced, and the range of what it wrote in the new text."""

    old: Range
    new: Range


def contains(outer: Range, inner: Range) -> bool:
    """Whether ``inner`` lies in ``outer``, the ends of which it may share."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


class OffsetMap:
    """Maps ranges of a text to ranges of the text after ``edits``, which do not overlap.

    ``changes`` are the edits in the order of the text.
    """

    def __init__(self, edits: Iterable[TextEdit]) -> None:
        changes: list[Change] = []
        moved = 0
        for edit in sorted(edits, key=lambda e: (e.span.start.offset, e.span.end.offset)):
            start, end = edit.span.start.offset, edit.span.end.offset
            written = (start + moved, start + moved + len(edit.content))
            changes.append(Change((start, end), written))
            moved = written[1] - end
        self.changes = changes
        self._written = [change.new[0] for change in changes]
        self._starts = [change.old[0] for change in changes]
        self._ends = [change.old[1] for change in changes]

    def touching(self, span: Range) -> range:
        """The indices of the ``changes`` inside ``span`` or at one of its ends."""
        return range(bisect_left(self._ends, span[0]), bisect_right(self._starts, span[1]))

    def replaces(self, span: Range) -> bool:
        """Whether one change replaced all of ``span``."""
        # None overlap: of those that begin at or before the span, only the last can reach its end.
        last = bisect_right(self._starts, span[0]) - 1
        return last >= 0 and contains(self.changes[last].old, span)

    def wrote(self, span: Range) -> bool:
        """Whether one change wrote all of ``span``, a range of the new text."""
        # Of those that start at one place, deletions come first: the last one counts.
        last = bisect_right(self._written, span[0]) - 1
        return last >= 0 and contains(self.changes[last].new, span)

    def inner(self, span: Range) -> Range:
        """The new range of ``span`` without what was written at its ends."""
        start, end = span
        before = bisect_right(self._ends, start)
        # A change that both ends at the start and starts at the end is an insertion into nothing.
        after = max(before, bisect_left(self._starts, end))
        return start + self._moved(before), end + self._moved(after)

    def outer(self, span: Range) -> Range:
        """The new range of ``span`` with what was written at its ends."""
        start, end = self.inner(span)
        touching = self.touching(span)
        if touching:
            start = min(start, self.changes[touching[0]].new[0])
            end = max(end, self.changes[touching[-1]].new[1])
        return start, end

    def origin(self, offset: int) -> int:
        """Where the text at ``offset``, of the new text, stood before.

        What an edit wrote stands for the beginning of what it replaced.
        """
        index = bisect_right(self._written, offset) - 1
        if index < 0:
            return offset
        change = self.changes[index]
        return change.old[0] if offset < change.new[1] else change.old[1] + offset - change.new[1]

    def _moved(self, count: int) -> int:
        """How far the text after the first ``count`` changes has moved."""
        if count == 0:
            return 0
        last = self.changes[count - 1]
        return last.new[1] - last.old[1]
