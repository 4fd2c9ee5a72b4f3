"""``full``: the verdict for people, with the source line as lint shows it."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping

from torchdet.model.diagnostic import Severity
from torchdet.model.location import Location, Span
from torchdet.report.ansi import BLUE, BOLD, CYAN, GREEN, RED, Paint
from torchdet.report.characters import printable
from torchdet.report.excerpt import CONTEXT_ROWS, excerpt
from torchdet.report.options import RenderOptions
from torchdet.verify.comparison.divergence import Cause, EnvironmentChange, StepDivergence
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.trace.records import Frame
from torchdet.verify.value_difference import ValueDifference
from torchdet.verify.verdict import Finding, Verdict

_MOST_FRAMES = 6


def render(verdict: Verdict, advice: Mapping[Finding, Advice], options: RenderOptions) -> str:
    """The verdict as lines of text."""
    paint = Paint(options.colour)
    return "".join(f"{line}\n" for line in _lines(verdict, advice, paint))


def _lines(verdict: Verdict, advice: Mapping[Finding, Advice], paint: Paint) -> Iterator[str]:
    for change in verdict.environment:
        yield _environment(change, paint)
    for finding in verdict.findings:
        yield from _finding(finding, advice.get(finding), paint)
        yield ""
    if verdict.first is None and verdict.step is not None:
        yield _step(verdict.step, verdict.cause, paint)
    yield paint(summary(verdict), GREEN if verdict.is_identical else RED)


def _finding(finding: Finding, advice: Advice | None, paint: Paint) -> Iterator[str]:
    divergence = finding.divergence
    observed, at = divergence.observed, finding.location
    label = paint.severity(f"error {divergence.cause.value}", Severity.ERROR)
    place = "" if at is None else f"{_place(at, paint)}: "
    yield f"{place}{label} {printable(divergence.detail)}"
    if at is not None:
        yield from _source(at, paint)
    bar = paint("=", BLUE)
    rank = "" if divergence.place.rank is None else f"rank {divergence.place.rank}, "
    where = (
        f"{observed.site.phase.value} of step {observed.record.step}, {rank}process "
        f"{divergence.place.process}, operation {observed.sequence} (`{observed.site.operation}`)"
    )
    yield f"  {bar} {paint('where:', BOLD)} {printable(where)}"
    detail = finding.detail
    if detail is not None:
        if detail.module:
            yield f"  {bar} {paint('module:', BOLD)} {printable(detail.module)}"
        if detail.difference is not None:
            yield f"  {bar} {paint('difference:', BOLD)} {_difference(detail.difference)}"
    for frame in finding.stack[1:_MOST_FRAMES]:
        caller = f"{_place(frame, paint)} in {printable(frame.function)}"
        yield f"  {bar} {paint('called from:', BOLD)} {caller}"
    if advice is not None:
        rule = f" ({advice.rule})" if advice.rule else ""
        yield f"  {bar} {paint('help:', BOLD)} {printable(advice.text)}{rule}"


def _place(frame: Frame, paint: Paint) -> str:
    colon = paint(":", CYAN)
    return f"{paint(printable(shown_path(frame.filename)), BOLD)}{colon}{frame.row}"


def _source(frame: Frame, paint: Paint) -> Iterator[str]:
    lines = {
        row: text.rstrip("\r\n")
        for row in range(max(1, frame.row - CONTEXT_ROWS), frame.row + CONTEXT_ROWS + 1)
        if (text := linecache.getline(frame.filename, row))
    }
    line = lines.get(frame.row)
    if line is None:
        return
    start = len(line) - len(line.lstrip()) + 1
    span = Span(Location(frame.row, start, 0), Location(frame.row, len(line) + 1, 0))
    rows = excerpt(span, lines)
    gutter = len(str(frame.row + CONTEXT_ROWS))
    bar = paint("|", BLUE)
    yield f"{' ' * gutter} {bar}"
    for row in rows:
        if row.marks:
            yield f"{' ' * gutter} {bar} {paint(row.marks, RED)}"
        elif row.number is not None:
            yield f"{paint(f'{row.number:>{gutter}}', BLUE)} {bar} {row.text}".rstrip()
    yield f"{' ' * gutter} {bar}"


def _difference(difference: ValueDifference) -> str:
    ulp = "" if difference.max_ulp is None else f", {difference.max_ulp} ulp"
    return (
        f"{difference.elements} of {difference.total} elements, "
        f"at most {difference.max_abs:.3g} apart{ulp}"
    )


def _environment(change: EnvironmentChange, paint: Paint) -> str:
    return f"{paint('environment:', BOLD)} {printable(str(change))}"


def _step(step: StepDivergence, cause: Cause | None, paint: Paint) -> str:
    label = paint.severity("error" if cause is None else f"error {cause.value}", Severity.ERROR)
    return f"{label} {printable(str(step))}"


def summary(verdict: Verdict) -> str:
    """The verdict in a sentence, with how much was compared."""
    recorded = verdict.recorded
    counts = ", ".join(
        f"{number} {one if number == 1 else several}"
        for number, one, several in (
            (recorded.operations, "operation", "operations"),
            (recorded.steps, "step", "steps"),
            (recorded.processes, "process", "processes"),
        )
        if number
    )
    if verdict.is_identical:
        return f"Identical: {verdict.runs} runs gave the same bits ({counts})"
    return f"Diverged: {verdict.runs} runs gave different bits ({counts})"
