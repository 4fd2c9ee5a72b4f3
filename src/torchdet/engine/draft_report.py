"""From the drafts of one file to its report: places, edits, suppressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import libcst as cst

from torchdet.edit.lossless import is_lossless
from torchdet.edit.lower import edited_nodes, lower_fix
from torchdet.engine.noqa_rows import NoqaRows
from torchdet.engine.settings import CheckSettings
from torchdet.engine.suppress import Finding, Suppressions
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.locate import Positions, locate
from torchdet.model.diagnostic import Diagnostic, FileReport, Severity
from torchdet.model.location import Span
from torchdet.model.source import SourceText
from torchdet.rules.base import Draft, Rule

_CONTEXT_ROWS = 2
_LONGEST_EXCERPT = 12


def build_report(
    path: str,
    drafts: Sequence[tuple[Rule, Draft]],
    facts: FileFacts,
    settings: CheckSettings,
) -> FileReport:
    """The report on ``drafts``, which the rules made of the file at ``path``.

    The places of all nodes are worked out in one pass, and only where there is something to
    place. Raises ``RecursionError`` for trees nested deeper than Python's stack.
    """
    source = facts.source
    suppressions = Suppressions.read(source, noqa=settings.noqa)
    if not drafts and not suppressions.entries:
        return FileReport(path)
    findings = dict.fromkeys(_findings(drafts, facts, settings))  # a set that keeps its order
    kept, suppressed = suppressions.apply(list(findings))
    unused = suppressions.unused(suppressed, settings.rules)
    shown = (finding.diagnostic for finding in kept if _is_sure_enough(finding, settings))
    diagnostics = tuple(sorted((*shown, *unused), key=_order))
    return FileReport(path, diagnostics, _excerpts(diagnostics, source), suppressed=len(suppressed))


def standing_drafts(
    drafts: Sequence[tuple[Rule, Draft]], facts: FileFacts, settings: CheckSettings
) -> list[tuple[Rule, Draft, Diagnostic]]:
    """Those of ``drafts`` that are findings, each with the diagnostic that it makes.

    Left out is what a comment suppresses and what is less sure than is configured. Of several that
    make the same diagnostic the first. Raises as ``build_report`` does.
    """
    if not drafts:
        return []
    suppressions = Suppressions.read(facts.source, noqa=settings.noqa)
    findings: dict[Finding, tuple[Rule, Draft]] = {}
    for finding, made_of in zip(_findings(drafts, facts, settings), drafts, strict=True):
        findings.setdefault(finding, made_of)
    kept, _ = suppressions.apply(list(findings))
    return [
        (*findings[finding], finding.diagnostic)
        for finding in kept
        if _is_sure_enough(finding, settings)
    ]


def _is_sure_enough(finding: Finding, settings: CheckSettings) -> bool:
    """Asked after the comments were read: one on a finding that is left out is not unused."""
    return finding.diagnostic.confidence.reaches(settings.config.min_confidence)


def _findings(
    drafts: Sequence[tuple[Rule, Draft]], facts: FileFacts, settings: CheckSettings
) -> Iterator[Finding]:
    """The findings that ``drafts`` make, one for each, in their order."""
    source = facts.source
    statements = {draft.node: facts.statement(draft.node) for _, draft in drafts}
    positions = locate(facts.module, source.text, _wanted(drafts, statements), facts.index.parents)
    severities = dict(settings.config.severity)
    noqa_rows = NoqaRows(source)
    for rule, draft in drafts:
        severity = severities.get(rule.code, rule.severity)
        diagnostic = _diagnostic(rule, severity, draft, facts, positions)
        rows = _statement_rows(statements[draft.node], positions, source)
        noqa_row = noqa_rows.row(diagnostic.span.start.row, *rows)
        yield Finding(replace(diagnostic, noqa_row=noqa_row), *rows)


def _wanted(
    drafts: Iterable[tuple[Rule, Draft]], statements: dict[cst.CSTNode, cst.CSTNode]
) -> set[cst.CSTNode]:
    wanted: set[cst.CSTNode] = set()
    for _, draft in drafts:
        wanted.add(draft.node)
        if draft.fix is not None:
            wanted.update(edited_nodes(draft.fix))
        statement = statements[draft.node]
        block = _block(statement)
        wanted.add(statement if block is None else block)
        if block is not None:
            wanted.add(statement)
    return wanted


def _block(statement: cst.CSTNode) -> cst.CSTNode | None:
    """What follows the header of a compound statement."""
    if isinstance(statement, cst.Match):
        return statement.cases[0]
    if isinstance(statement, (cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.Decorator)):
        return None
    block = getattr(statement, "body", None)
    return block if isinstance(block, cst.CSTNode) else None


def _diagnostic(
    rule: Rule, severity: Severity, draft: Draft, facts: FileFacts, positions: Positions
) -> Diagnostic:
    source = facts.source
    start, end = positions.spans[draft.node]
    span = Span(source.location(start), source.location(end))
    fix = None
    if draft.fix is not None and is_lossless(draft.fix, facts):
        fix = lower_fix(draft.fix, positions, facts)
    context = facts.context(draft.node)
    return Diagnostic(
        rule.code,
        rule.name,
        severity,
        draft.message,
        span,
        span.start.row,
        context,
        fix,
        draft.confidence,
    )


def _statement_rows(
    statement: cst.CSTNode, positions: Positions, source: SourceText
) -> tuple[int, int]:
    """The first and last row of a simple statement, or of a compound statement's header."""
    start, end = positions.spans[statement]
    block = _block(statement)
    if block is not None:
        end = positions.begins[block]
    return source.location(start).row, source.location(max(start, end - 1)).row


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
