"""From the findings of one file to its report: suppressions, order, the rows to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from torchdet.engine.settings import CheckSettings, unfixable_codes
from torchdet.engine.suppress import Finding, Suppressions
from torchdet.findings.base import Rule
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.source import SourceText

_CONTEXT_ROWS = 2
_LONGEST_EXCERPT = 12


@dataclass(frozen=True, slots=True)
class Found:
    """Findings, and failures of rules; those that ``failed`` may have missed some."""

    findings: Sequence[Finding] = ()
    failures: Sequence[Diagnostic] = ()
    failed: frozenset[Rule] = frozenset()


def file_report(
    path: str,
    found: Found,
    source: SourceText,
    settings: CheckSettings,
    suppressions: Suppressions | None = None,
) -> FileReport:
    """The report on what was ``found``; ``suppressions`` are those of Python's comments if None."""
    if suppressions is None:
        suppressions = Suppressions.read(source, noqa=settings.noqa)
    kept, suppressed = suppressions.apply(list(dict.fromkeys(found.findings)))  # a set in its order
    failed = {rule.code for rule in found.failed}
    whole = tuple(rule for rule in settings.rules if rule.code not in failed)
    unused = suppressions.unused(suppressed, whole)
    unfixable = unfixable_codes(settings.config)
    shown = (
        replace(each.diagnostic, fix=None) if each.diagnostic.code in unfixable else each.diagnostic
        for each in kept
        if is_sure_enough(each, settings)
    )
    diagnostics = tuple(sorted((*shown, *unused, *found.failures), key=_order))
    return FileReport(path, diagnostics, _excerpts(diagnostics, source), suppressed=len(suppressed))


def is_sure_enough(finding: Finding, settings: CheckSettings) -> bool:
    """Asked after the comments were read: one on a finding that is left out is not unused."""
    return finding.diagnostic.confidence.reaches(settings.config.min_confidence)


def _order(diagnostic: Diagnostic) -> tuple[int, str, str]:
    return diagnostic.span.start.offset, diagnostic.code, diagnostic.message


def _excerpts(diagnostics: Iterable[Diagnostic], source: SourceText) -> tuple[tuple[int, str], ...]:
    """The rows that a renderer shows: each finding with a little around it, and its edits."""
    rows: set[int] = set()
    for diagnostic in diagnostics:
        spans = [diagnostic.span]
        if diagnostic.fix is not None:
            spans += [edit.span for edit in diagnostic.fix.edits]
        for span in spans:
            last = min(span.end.row, span.start.row + _LONGEST_EXCERPT)
            rows.update(range(span.start.row - _CONTEXT_ROWS, last + _CONTEXT_ROWS + 1))
    return tuple((row, source.line(row)) for row in sorted(rows) if 1 <= row <= source.row_count)
