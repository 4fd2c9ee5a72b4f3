"""From the drafts of one file to its report: places, edits, suppressions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import libcst as cst

from torchdet.edit.lossless import is_lossless
from torchdet.edit.lower import edited_nodes, lower_fix
from torchdet.engine.faults import RuleFaults, rule_failure
from torchdet.engine.file_report import Found, file_report, is_sure_enough
from torchdet.engine.found_drafts import FoundDrafts
from torchdet.engine.noqa_rows import NoqaRows
from torchdet.engine.settings import CheckSettings
from torchdet.engine.suppress import Finding, Suppressions
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.locate import Positions, locate
from torchdet.facts.parse import UnparseableError
from torchdet.findings.base import Draft, Rule
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.fix import Fix
from torchdet.model.location import Span
from torchdet.model.source import SourceText


def build_report(
    path: str, found: FoundDrafts, facts: FileFacts, settings: CheckSettings
) -> FileReport:
    """The report on what was ``found`` in the file at ``path``.

    The places of all nodes are worked out in one pass, and only where there is something to
    place. Raises ``UnparseableError`` for trees nested deeper than Python's stack.
    """
    source = facts.source
    if not found.drafts and not found.faults:
        return file_report(path, Found(), source, settings)
    made, failures = _findings(found, facts, settings)
    failed = frozenset(fault.rule for fault in found.faults)
    return file_report(path, Found(made, failures, failed), source, settings)


@dataclass(frozen=True, slots=True)
class Standing:
    """Drafts that are findings, each with the diagnostic that it makes; and failures of rules."""

    findings: list[tuple[Rule, Draft, Diagnostic]]
    failures: tuple[Diagnostic, ...] = ()


def standing_drafts(found: FoundDrafts, facts: FileFacts, settings: CheckSettings) -> Standing:
    """Those of the drafts ``found`` that are findings.

    Left out is what a comment suppresses and what is less sure than is configured. Of several that
    make the same diagnostic the first. Raises as ``build_report`` does.
    """
    if not found.drafts and not found.faults:
        return Standing([])
    suppressions = Suppressions.read(facts.source, noqa=settings.noqa)
    made, failures = _findings(found, facts, settings)
    findings: dict[Finding, tuple[Rule, Draft]] = {}
    for finding, made_of in zip(made, found.drafts, strict=True):
        findings.setdefault(finding, made_of)
    kept, _ = suppressions.apply(list(findings))
    standing = [
        (*findings[finding], finding.diagnostic)
        for finding in kept
        if is_sure_enough(finding, settings)
    ]
    return Standing(standing, failures)


def _findings(
    found: FoundDrafts, facts: FileFacts, settings: CheckSettings
) -> tuple[list[Finding], tuple[Diagnostic, ...]]:
    """The findings that the drafts make, one for each, in their order; and the failures."""
    source, drafts = facts.source, found.drafts
    statements = {draft.node: facts.statement(draft.node) for _, draft in drafts}
    wanted = _wanted(drafts, statements) | {fault.node for fault in found.faults}
    positions = locate(facts.module, source.text, wanted, facts.index.parents)
    noqa_rows = NoqaRows(source)
    findings: list[Finding] = []
    for rule, draft in drafts:
        fix = _text_fix(rule, draft, found.faults, facts, positions)
        diagnostic = _diagnostic(rule, draft, fix, facts, positions)
        rows = _statement_rows(statements[draft.node], positions, source)
        noqa_row = noqa_rows.row(diagnostic.span.start.row, *rows)
        severity = settings.severity_of(rule)
        diagnostic = replace(diagnostic, severity=severity, noqa_row=noqa_row)
        findings.append(Finding(diagnostic, *rows))
    failures = tuple(
        rule_failure(fault.rule, fault.reason, _span(fault.node, positions, source))
        for fault in found.faults
    )
    return findings, failures


def _text_fix(
    rule: Rule, draft: Draft, faults: RuleFaults, facts: FileFacts, positions: Positions
) -> Fix | None:
    """The fix of ``draft`` as text; None where it has none, or none that can be written."""
    try:
        if draft.fix is not None and is_lossless(draft.fix, facts):
            return lower_fix(draft.fix, positions, facts)
    except UnparseableError:
        raise
    except Exception as error:  # noqa: BLE001 -- the finding itself stands without its fix
        faults.record(rule, draft.node, error)
    return None


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


def _span(node: cst.CSTNode, positions: Positions, source: SourceText) -> Span:
    start, end = positions.spans[node]
    return Span(source.location(start), source.location(end))


def _diagnostic(
    rule: Rule, draft: Draft, fix: Fix | None, facts: FileFacts, positions: Positions
) -> Diagnostic:
    span = _span(draft.node, positions, facts.source)
    return Diagnostic(
        rule.code,
        rule.name,
        rule.severity,
        draft.message,
        span,
        span.start.row,
        facts.context(draft.node),
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
