"""``full``: each diagnostic with its source lines, the span underlined, and the fix as a diff.

What is found at many places of a file is shown once, with the lines of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability, Fix
from torchdet.report.ansi import BLUE, BOLD, GREEN, RED, Paint
from torchdet.report.characters import printable
from torchdet.report.concise import place
from torchdet.report.display_line import display_line, window_around
from torchdet.report.excerpt import LINE_LIMIT, ExcerptRow, excerpt
from torchdet.report.fix_diff import Hunk, fix_hunks
from torchdet.report.options import RenderOptions
from torchdet.report.repeated import Repeated, places, without_repeats
from torchdet.report.summary import summary

_FIX_TITLES = {
    Applicability.SAFE: "fix",
    Applicability.UNSAFE: "unsafe fix",
    Applicability.DISPLAY: "suggestion",
}
_MOST_DIFF_ROWS = 12


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """A block for each diagnostic, blocks set apart by a blank line, then the summary."""
    paint = Paint(options.colour, options.links)
    blocks = []
    for report in reports:
        lines = dict(report.lines)
        blocks += ["\n".join(_block(report, d, lines, paint)) for d in without_repeats(report)]
    if options.summary:
        blocks.append(summary(reports, options))
    return "".join(f"{block}\n\n" for block in blocks[:-1]) + "".join(f"{b}\n" for b in blocks[-1:])


def _block(
    report: FileReport, repeated: Repeated, lines: Mapping[int, str], paint: Paint
) -> Iterator[str]:
    diagnostic = repeated.first
    code = paint.link(diagnostic.code, diagnostic.url)
    label = paint.severity(f"{diagnostic.severity.value} {code}", diagnostic.severity)
    name = f"[{diagnostic.name}]"
    yield f"{place(report, diagnostic, paint)} {label} {name} {printable(diagnostic.message)}"
    rows = _as_in_cell(excerpt(diagnostic.span, _of_cell(diagnostic, lines, report)), report)
    hunks = () if diagnostic.fix is None else _hunks(diagnostic.fix, lines, report)
    gutter = _gutter_width(rows, hunks or ())
    if rows:
        yield from _source(rows, diagnostic.severity, gutter, paint)
    if diagnostic.confidence is Confidence.LIKELY:
        yield f"{' ' * gutter} {paint('=', BLUE)} {paint('note:', BOLD)} likely, not certain"
    if diagnostic.fix is not None:
        yield from _fix(diagnostic.fix, hunks, gutter, paint)
    if repeated.others:
        where = places(repeated.others, report)
        yield f"{' ' * gutter} {paint('=', BLUE)} {paint('note:', BOLD)} also on {where}"


def _of_cell(
    diagnostic: Diagnostic, lines: Mapping[int, str], report: FileReport
) -> Mapping[int, str]:
    """Those of ``lines`` that stand in the cell of ``diagnostic``; all, in a file without cells."""
    cell = report.cell(diagnostic.span.start.row)
    if cell is None:
        return lines
    borders = {each.row for each in report.cells}
    inside = (row for row in lines if report.cell(row) == cell and row not in borders)
    return {row: lines[row] for row in inside}


def _as_in_cell(rows: Sequence[ExcerptRow], report: FileReport) -> list[ExcerptRow]:
    return [
        row if row.number is None else replace(row, number=report.row(row.number)) for row in rows
    ]


def _hunks(fix: Fix, lines: Mapping[int, str], report: FileReport) -> Sequence[Hunk] | None:
    hunks = fix_hunks(fix, lines)
    if hunks is None:
        return None
    return [
        replace(
            each, row=report.row(each.row), new_row=each.new_row - each.row + report.row(each.row)
        )
        for each in hunks
    ]


def _gutter_width(rows: Sequence[ExcerptRow], hunks: Sequence[Hunk]) -> int:
    """The width of the widest row number in a block."""
    numbers = [row.number or 0 for row in rows]
    for hunk in hunks:
        numbers += (hunk.row + len(hunk.removed) - 1, hunk.new_row + len(hunk.added) - 1)
    return len(str(max(numbers, default=0)))


def _source(
    rows: Sequence[ExcerptRow], severity: Severity, gutter: int, paint: Paint
) -> Iterator[str]:
    bar = paint("|", BLUE)
    yield f"{' ' * gutter} {bar}"
    for row in rows:
        if row.marks:
            yield f"{' ' * gutter} {bar} {paint.severity(row.lane + row.marks, severity)}"
        elif row.number is None:
            yield paint("...", BLUE)
        else:
            number = paint(f"{row.number:>{gutter}}", BLUE)
            yield f"{number} {bar} {paint.severity(row.lane, severity)}{row.text}".rstrip()
    yield f"{' ' * gutter} {bar}"


def _fix(fix: Fix, hunks: Sequence[Hunk] | None, gutter: int, paint: Paint) -> Iterator[str]:
    title = paint(f"{_FIX_TITLES[fix.applicability]}:", BOLD)
    yield f"{' ' * gutter} {paint('=', BLUE)} {title} {printable(fix.message)}"
    rows = [] if hunks is None else [row for hunk in hunks for row in _diff(hunk, gutter, paint)]
    yield from rows[:_MOST_DIFF_ROWS]
    if hunks is None or len(rows) > _MOST_DIFF_ROWS:
        yield paint("...", BLUE)


def _diff(hunk: Hunk, gutter: int, paint: Paint) -> Iterator[str]:
    """The rows of one hunk, cut so that the first difference of a long line is in sight."""
    removed = [display_line(text) for text in hunk.removed]
    added = [display_line(text) for text in hunk.added]
    widest = max(line.width for line in (*removed, *added))
    same = _common_start(hunk.removed[0], hunk.added[0]) if removed and added else 0
    column = (removed or added)[0].column(same)
    window = window_around(column, column + LINE_LIMIT // 2, widest, LINE_LIMIT)
    for sign, colour, first, lines in (
        ("-", RED, hunk.row, removed),
        ("+", GREEN, hunk.new_row, added),
    ):
        for number, line in enumerate(lines, start=first):
            text = paint(f"{sign} {line.crop(window)}".rstrip(), colour)
            yield f"{paint(f'{number:>{gutter}}', BLUE)} {text}"


def _common_start(left: str, right: str) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
