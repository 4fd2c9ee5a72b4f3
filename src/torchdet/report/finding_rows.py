"""The rows that a finding is shown with: those of its source, and those that its fix changes.

In a notebook both are numbered as in their cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.fix import Applicability, Fix
from torchdet.report.display_line import display_line, window_around
from torchdet.report.excerpt import LINE_LIMIT, ExcerptRow, excerpt
from torchdet.report.fix_diff import Hunk, fix_hunks

FIX_TITLES = {
    Applicability.SAFE: "fix",
    Applicability.UNSAFE: "unsafe fix",
    Applicability.DISPLAY: "suggestion",
}
"""What fixes are called."""


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One row of a diff: ``sign`` is ``-`` or ``+``."""

    sign: str
    number: int
    text: str


def source_rows(
    report: FileReport, diagnostic: Diagnostic, lines: Mapping[int, str]
) -> tuple[ExcerptRow, ...]:
    """The source around ``diagnostic``; ``lines`` are those of ``report``, by their rows."""
    return tuple(
        row if row.number is None else replace(row, number=report.row(row.number))
        for row in excerpt(diagnostic.span, _of_cell(diagnostic, lines, report))
    )


def diff_rows(report: FileReport, fix: Fix, lines: Mapping[int, str]) -> tuple[DiffRow, ...] | None:
    """What ``fix`` changes; None when ``lines`` lacks a row of it."""
    hunks = fix_hunks(fix, lines)
    if hunks is None:
        return None
    return tuple(row for hunk in hunks for row in _rows(hunk, report))


def _of_cell(
    diagnostic: Diagnostic, lines: Mapping[int, str], report: FileReport
) -> Mapping[int, str]:
    """The rows of ``lines`` in the cell of ``diagnostic``; all of them in a file without cells."""
    cell = report.cell(diagnostic.span.start.row)
    if cell is None:
        return lines
    borders = {each.row for each in report.cells}
    inside = (row for row in lines if report.cell(row) == cell and row not in borders)
    return {row: lines[row] for row in inside}


def _rows(hunk: Hunk, report: FileReport) -> Iterator[DiffRow]:
    """The rows of one hunk, cut so that the first difference of a long line is in sight."""
    removed = [display_line(text) for text in hunk.removed]
    added = [display_line(text) for text in hunk.added]
    widest = max(line.width for line in (*removed, *added))
    same = _common_start(hunk.removed[0], hunk.added[0]) if removed and added else 0
    column = (removed or added)[0].column(same)
    window = window_around(column, column + LINE_LIMIT // 2, widest, LINE_LIMIT)
    row = report.row(hunk.row)
    for sign, first, lines in (
        ("-", row, removed),
        ("+", hunk.new_row - hunk.row + row, added),
    ):
        for number, line in enumerate(lines, start=first):
            yield DiffRow(sign, number, line.crop(window))


def _common_start(left: str, right: str) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
