"""The source around a finding, with its span underlined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from torchdet.model.location import Span
from torchdet.report.display_line import DisplayLine, Window, display_line, window_around

CONTEXT_ROWS = 2
LINE_LIMIT = 160
"""The widest a source line is shown, in terminal columns."""

_HEAD_ROWS = 4  # of a long span, the rows shown before what is left out
_TAIL_ROWS = 2


@dataclass(frozen=True, slots=True)
class ExcerptRow:
    """One printed row: a source row with its number, a row of marks, or a gap (neither).

    ``marks`` begins in the column in which ``text`` of source rows does.
    """

    number: int | None = None
    lane: str = ""
    text: str = ""
    marks: str = ""


def excerpt(span: Span, lines: Mapping[int, str]) -> tuple[ExcerptRow, ...]:
    """The rows of ``span`` and up to two around it, as far as ``lines`` has them.

    Blank rows at either edge, the middle of long spans, and the ends of very long lines are left
    out. A span of several rows has a lane at its left that runs from its start to its end.
    """
    first, last, end_column = span.start.row, span.end.row, span.end.column
    if end_column == 1 and last > first:  # it ends with the newline of the row before
        last -= 1
        end_column = len(lines.get(last, "")) + 1
    rows = _shown_rows(first, last, lines)
    laid_out = {row: display_line(lines[row]) for row in rows}
    if first not in laid_out:
        return ()
    start = laid_out[first].column(span.start.column - 1)
    end = laid_out[last].column(end_column - 1) if last in laid_out else start + 1
    widest = max(line.width for line in laid_out.values())
    extent = _Extent(first, last, start, max(end, start + 1) if first == last else end)
    window = window_around(start, max(start, extent.end), widest, LINE_LIMIT)
    marked = _single_row if first == last else _several_rows
    printed = _with_gaps(marked(extent, laid_out, window), rows)
    return (*printed, ExcerptRow()) if rows[-1] < last else tuple(printed)


class _Extent(NamedTuple):
    """A span as it is printed: rows, the column it starts at and the one it ends before."""

    first: int
    last: int
    start: int
    end: int


def _shown_rows(first: int, last: int, lines: Mapping[int, str]) -> Sequence[int]:
    rows = [row for row in range(first - CONTEXT_ROWS, last + CONTEXT_ROWS + 1) if row in lines]
    if last - first >= _HEAD_ROWS + _TAIL_ROWS:
        rows = [row for row in rows if row < first + _HEAD_ROWS or row > last - _TAIL_ROWS]
    while rows and rows[0] < first and not lines[rows[0]].strip():
        rows.pop(0)
    while rows and rows[-1] > last and not lines[rows[-1]].strip():
        rows.pop()
    return rows


def _single_row(
    extent: _Extent, laid_out: Mapping[int, DisplayLine], window: Window
) -> Iterator[ExcerptRow]:
    for number, line in laid_out.items():
        yield ExcerptRow(number, text=line.crop(window))
        if number == extent.first:
            left = window.place(extent.start)
            yield ExcerptRow(marks=" " * left + "^" * max(1, window.place(extent.end) - left))


def _several_rows(
    extent: _Extent, laid_out: Mapping[int, DisplayLine], window: Window
) -> Iterator[ExcerptRow]:
    # A span from the first character of a row opens its lane there; another one needs an arm.
    opens_row = not "".join(laid_out[extent.first].cells)[: extent.start].strip()
    for number, line in laid_out.items():
        lane = "  "
        if extent.first < number <= extent.last:
            lane = "| "
        elif number == extent.first and opens_row:
            lane = "/ "
        yield ExcerptRow(number, lane, line.crop(window))
        if number == extent.first and not opens_row:
            yield ExcerptRow(lane=" _", marks="_" * window.place(extent.start) + "^")
        if number == extent.last:
            yield ExcerptRow(lane="|_", marks="_" * max(0, window.place(extent.end) - 1) + "^")


def _with_gaps(printed: Iterator[ExcerptRow], rows: Sequence[int]) -> Iterator[ExcerptRow]:
    """Put a gap where row numbers jump."""
    jumps = {right for left, right in pairwise(rows) if right > left + 1}
    for row in printed:
        if row.number in jumps:
            yield ExcerptRow()
        yield row
