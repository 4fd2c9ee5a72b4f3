"""Findings of one file that say the same: they have one cause, and one look at it is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability
from torchdet.report.wording import count

_MOST_PLACES = 8


@dataclass(slots=True)
class Repeated:
    """A diagnostic, and those that say the same of other places in the file."""

    first: Diagnostic
    others: list[Diagnostic] = field(default_factory=list)


_Said = tuple[str, str, Severity, Confidence, bool, "Applicability | None"]


def without_repeats(report: FileReport) -> list[Repeated]:
    """The diagnostics of a file, each said once, in the order of the first places."""
    found: dict[_Said, Repeated] = {}
    for each in report.diagnostics:
        applicability = None if each.fix is None else each.fix.applicability
        said = each.code, each.message, each.severity, each.confidence, each.failure, applicability
        if said in found:
            found[said].others.append(each)
        else:
            found[said] = Repeated(each)
    return list(found.values())


def places(others: Sequence[Diagnostic], report: FileReport) -> str:
    """Where else the same was found: ``lines 12, 31 and 40``, ``lines 12, ... and 30 more``."""
    rows = list(dict.fromkeys(_row(each, report) for each in others))
    shown = rows[:_MOST_PLACES]
    left = len(rows) - len(shown)
    last = count(left, "more place") if left else shown.pop()
    listed = f"{', '.join(shown)} and {last}" if shown else last
    return f"{'lines' if len(rows) > 1 else 'line'} {listed}"


def _row(diagnostic: Diagnostic, report: FileReport) -> str:
    row = diagnostic.span.start.row
    cell = report.cell(row)
    return str(row) if cell is None else f"{report.row(row)} of cell {cell}"
