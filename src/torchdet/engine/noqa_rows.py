"""The rows at whose end a ``# noqa`` comment can stand."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from torchdet.facts.tokens import joins
from torchdet.model.source import SourceText


class NoqaRows:
    """Finds rows for comments in one file.

    >>> NoqaRows(SourceText("x = 1 + \\\\\\n  2\\n")).row(1, 1, 2)
    2
    """

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._ends: dict[int, int] = {}

    def row(self, row: int, first: int, last: int) -> int:
        """The first row from ``row`` on whose end is neither in a string nor behind a backslash.

        ``first`` and ``last`` are those of the statement, or of its header. They tell cheaply
        when the whole file has to be looked at for strings.
        """
        lines = (self._source.line(number) for number in range(first, max(row, last) + 1))
        if any(line.endswith("\\") or '"""' in line or "'''" in line for line in lines):
            return self._end_of_joins(row)
        return row

    def _end_of_joins(self, row: int) -> int:
        """The row on which ends all that joins ``row`` with those below it."""
        passed: list[int] = []
        while row not in self._ends and (after := self._end_of_join(row)) is not None:
            passed.append(row)
            row = after
        end = self._ends.get(row, row)
        self._ends.update(dict.fromkeys(passed, end))
        return end

    def _end_of_join(self, row: int) -> int | None:
        """The row on which ends what joins ``row`` with the next; None when nothing does."""
        end_of_row = self._source.offset(row, 1) + len(self._source.line(row))
        before = bisect_right(self._joins, (end_of_row, -1)) - 1
        if before < 0 or self._joins[before][1] <= end_of_row:
            return None
        return self._source.location(self._joins[before][1]).row

    @cached_property
    def _joins(self) -> list[tuple[int, int]]:
        return list(joins(self._source.text))
