"""``full``: each diagnostic with its source lines, the span underlined, and the fix as a diff.

What is found at many places of a file is shown once, with the lines of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from torchdet.model.diagnostic import Confidence, FileReport, Severity
from torchdet.model.fix import Fix
from torchdet.report.ansi import BLUE, BOLD, GREEN, RED, Paint
from torchdet.report.characters import printable
from torchdet.report.concise import place
from torchdet.report.excerpt import ExcerptRow
from torchdet.report.finding_rows import FIX_TITLES, DiffRow, diff_rows, source_rows
from torchdet.report.options import RenderOptions
from torchdet.report.repeated import Repeated, places, without_repeats
from torchdet.report.summary import summary

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
    rows = source_rows(report, diagnostic, lines)
    diff = () if diagnostic.fix is None else diff_rows(report, diagnostic.fix, lines)
    gutter = _gutter_width(rows, diff or ())
    if rows:
        yield from _source(rows, diagnostic.severity, gutter, paint)
    if diagnostic.confidence is Confidence.LIKELY:
        yield f"{' ' * gutter} {paint('=', BLUE)} {paint('note:', BOLD)} likely, not certain"
    if diagnostic.fix is not None:
        yield from _fix(diagnostic.fix, diff, gutter, paint)
    if repeated.others:
        where = places(repeated.others, report)
        yield f"{' ' * gutter} {paint('=', BLUE)} {paint('note:', BOLD)} also on {where}"


def _gutter_width(rows: Iterable[ExcerptRow], diff: Iterable[DiffRow]) -> int:
    """The width of the widest row number in a block."""
    numbers = [*(row.number or 0 for row in rows), *(row.number for row in diff)]
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


def _fix(fix: Fix, diff: Sequence[DiffRow] | None, gutter: int, paint: Paint) -> Iterator[str]:
    title = paint(f"{FIX_TITLES[fix.applicability]}:", BOLD)
    yield f"{' ' * gutter} {paint('=', BLUE)} {title} {printable(fix.message)}"
    rows = diff or ()
    for row in rows[:_MOST_DIFF_ROWS]:
        text = paint(f"{row.sign} {row.text}".rstrip(), RED if row.sign == "-" else GREEN)
        yield f"{paint(f'{row.number:>{gutter}}', BLUE)} {text}"
    if diff is None or len(rows) > _MOST_DIFF_ROWS:
        yield paint("...", BLUE)
