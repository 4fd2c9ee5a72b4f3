"""What the findings of a run come to, by consequence, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability
from torchdet.report import raw_imports
from torchdet.report.characters import printable
from torchdet.report.options import RenderOptions
from torchdet.report.wording import place_and_row

_LONGEST = 60
_MOST_CODES = 3
_GAP = "    "


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class _Found:
    report: FileReport
    diagnostic: Diagnostic
    in_test: bool


def by_consequence(reports: Sequence[FileReport], options: RenderOptions) -> list[str]:
    """A line for each consequence, the worst first, one for what is folded, one for the fixes."""
    rows = [*_rows(reports, options)]
    if options.raw_imports:
        rows.append(_Row(raw_imports.LABEL, options.raw_imports, raw_imports.ADVICE))
    labels = max((len(row.label) for row in rows), default=0)
    numbers = max((len(str(row.number)) for row in rows), default=0)
    lines = [f"{row.label:<{labels}}  {row.number:>{numbers}}  {row.detail}" for row in rows]
    following = _GAP.join(commands(reports, options))
    return [*lines, following] if following else lines


def _rows(reports: Sequence[FileReport], options: RenderOptions) -> Iterator[_Row]:
    found: dict[Consequence, list[_Found]] = {}
    for report in reports:
        for diagnostic in report.findings:
            consequence = options.consequences.get(diagnostic.code, Consequence.CHOICE)
            in_test = report.path in options.tests
            found.setdefault(consequence, []).append(_Found(report, diagnostic, in_test))
    for consequence in Consequence:
        if consequence in found:
            group = found[consequence]
            yield _Row(consequence.value, len(group), _detail(group))


def _detail(found: Sequence[_Found]) -> str:
    """The finding to look at first, how to see the others, and how many of them are in tests."""
    worst = min(found, key=_weight)
    where = place_and_row(worst.report, worst.diagnostic)
    statement = printable(worst.diagnostic.message).partition("; ")[0]
    shown = statement if len(statement) <= _LONGEST else f"{statement[: _LONGEST - 1]}…"
    parts = [f"{where} {shown}"]
    if len(found) > 1:
        parts.append(f"({len(found) - 1} more: --select {_selectors(found)}{_in_tests(found)})")
    return " ".join(parts)


def _weight(found: _Found) -> tuple[bool, int, bool]:
    severity = tuple(Severity).index(found.diagnostic.severity)
    return found.in_test, severity, found.diagnostic.confidence is Confidence.LIKELY


def _selectors(found: Iterable[_Found]) -> str:
    codes = sorted({each.diagnostic.code for each in found})
    families = sorted({code[:4] for code in codes})
    return ",".join(codes if len(codes) <= _MOST_CODES else families)


def _in_tests(found: Sequence[_Found]) -> str:
    tests = sum(1 for each in found if each.in_test)
    if not tests:
        return ""
    return "; all in tests" if tests == len(found) else f"; {tests} in tests"


def commands(reports: Iterable[FileReport], options: RenderOptions) -> Iterator[str]:
    """How many findings can be fixed, and by which commands."""
    fixes = Counter(
        diagnostic.fix.applicability
        for report in reports
        for diagnostic in report.findings
        if diagnostic.fix is not None
    )
    safe, unsafe = fixes[Applicability.SAFE], fixes[Applicability.UNSAFE]
    if safe:
        yield f"{safe} can be fixed now: torchdet fix"
    if unsafe:
        yield f"{unsafe} {'more ' if safe else ''}with torchdet fix --unsafe-fixes"
    if options.raw_imports:
        yield "all at once: torchdet fix --migrate"
