"""The first phase, for one file: what the rules find, and what the codemods say to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from torchdet.edit.lossless import is_lossless
from torchdet.edit.lower import deleted_nodes, edited_nodes, lower_fix
from torchdet.edit.node_edit import NodeEdit, NodeFix
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.draft_report import standing_drafts
from torchdet.engine.faults import RuleFaults, internal_error, rule_failure
from torchdet.engine.run_rules import find_drafts, read_facts
from torchdet.engine.settings import CheckSettings
from torchdet.facts.lazy import cst
from torchdet.facts.locate import Positions, locate
from torchdet.facts.parse import UnparseableError
from torchdet.findings.base import Grounds, Rule
from torchdet.findings.codemod import Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.codemod_registry import answer_for, is_surveyed
from torchdet.findings.handle.handle_site import WantedNames, bind_names
from torchdet.findings.handle.torch_access import handle_name, helper_name, torch_name
from torchdet.migrate.file_survey import Change, FileSurvey, NameBindings
from torchdet.migrate.runtime_layout import RuntimeLayout
from torchdet.migrate.targets import Target, answered
from torchdet.model.config import MigrateConfig, Policy
from torchdet.model.fix import Applicability, Fix
from torchdet.model.location import Span
from torchdet.model.migration import Refusal
from torchdet.model.source import SourceText
from torchdet.reading.module_role import ModuleRole, module_role
from torchdet.reading.modules_beside import modules_beside


@dataclass(frozen=True, slots=True)
class Migration:
    """What is asked of a migration, and where the files of the project get torch from."""

    config: MigrateConfig
    layout: RuntimeLayout = field(default_factory=RuntimeLayout)
    target: Target | None = None


def survey_source(
    path: str,
    source: SourceText,
    settings: CheckSettings,
    migration: Migration,
) -> FileSurvey:
    """Survey the file at ``path`` with the content ``source``.

    Raises ``UnparseableError``.
    """
    config = migration.config
    if settings.config.policy is Policy.FACADE:
        config = replace(config, facade=True)
    if settings.config.policy is Policy.EFFECTS:
        config = replace(config, keep_imports=True)
    if config.inject:
        settings = replace(settings, config=replace(settings.config, policy=Policy.HANDLE))
    if config.facade:
        settings = replace(settings, config=replace(settings.config, policy=Policy.FACADE))
    if config.keep_imports:
        settings = replace(settings, config=replace(settings.config, policy=Policy.EFFECTS))
    if migration.target is not None:
        settings = replace(settings, config=replace(settings.config, policy=Policy.EFFECTS))
    only = "devices" if migration.target is not None else "handle" if config.facade else ""
    rules = tuple(rule for rule in settings.rules if is_surveyed(rule, only))
    cards = replace(settings, rules=rules).live_rules(source.text.encode("utf-8", "surrogatepass"))
    live = tuple(card.load() for card in cards)
    if not live:
        return FileSurvey(path)
    return run_with_deep_stack(
        lambda: _survey(path, source, live, settings, replace(migration, config=config))
    )


def _survey(
    path: str,
    source: SourceText,
    rules: tuple[Rule, ...],
    settings: CheckSettings,
    migration: Migration,
) -> FileSurvey:
    context = read_facts(path, source, rules, settings)
    standing = standing_drafts(find_drafts(rules, context), context.facts, settings)
    if not standing.findings:
        return FileSurvey(path, faults=standing.failures)
    in_order = sorted(standing.findings, key=lambda each: each[2].span.start.offset)
    spans = {Finding.of(rule, draft): diagnostic.span for rule, draft, diagnostic in in_order}
    beside = modules_beside(path)
    access = migration.layout.access(context)
    torch = torch_name(context.facts, beside)
    handle = (
        handle_name(context.facts, beside)
        if migration.target is None
        else helper_name(context.facts, access, beside)
    )
    rewriting = MigrationContext(context, migration.config, handle, torch, access)
    faults = RuleFaults()
    found = _outcomes(list(spans), rewriting, faults)
    outcomes = [answered(migration.target, each, rewriting) for each in found]
    survey = _lowered(path, outcomes, spans, rewriting)
    failures = (
        rule_failure(fault.rule, fault.reason, _span_at(fault.node, spans)) for fault in faults
    )
    return replace(survey, faults=(*standing.failures, *failures))


def _span_at(node: cst.CSTNode, spans: Mapping[Finding[object], Span]) -> Span:
    return next(span for finding, span in spans.items() if finding.node is node)


def _outcomes(
    findings: Sequence[Finding[object]], context: MigrationContext, faults: RuleFaults
) -> Iterator[Outcome]:
    """What is to become of each of ``findings``.

    The findings of a rule whose codemod fails are refused; that fault touches no other rule.
    """
    if module_role(context.rules) is ModuleRole.BUILD_SCRIPT:
        yield from (Refuse(finding, _BUILD_SCRIPT) for finding in findings)
        return
    by_rule: dict[Rule, list[Finding[object]]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    for rule, found in by_rule.items():
        yield from _answers(rule, found, context, faults)


def _answers(
    rule: Rule,
    findings: Sequence[Finding[object]],
    context: MigrationContext,
    faults: RuleFaults,
) -> list[Outcome]:
    try:
        answer = answer_for(rule)
        if isinstance(answer, Grounds):
            return [Refuse(finding, answer) for finding in findings]
        return answer.answer(findings, context)
    except UnparseableError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault of one must not hide the others
        faults.record(rule, findings[0].node, error)
        grounds = Grounds(internal_error(error), "make the change by hand")
        return [Refuse(finding, grounds) for finding in findings]


_BUILD_SCRIPT = Grounds(
    "the file builds the package, in an environment that need not have the runtime",
    "leave it, or add torchdet to the build's requirements and change it by hand",
)


def _lowered(
    path: str,
    outcomes: Iterable[Outcome],
    spans: Mapping[Finding[object], Span],
    context: MigrationContext,
) -> FileSurvey:
    """The outcomes as text and places."""
    in_order = sorted(outcomes, key=lambda outcome: spans[outcome.finding].start.offset)
    rewrites = [outcome for outcome in in_order if isinstance(outcome, Rewrite)]
    variants = [variant for rewrite in rewrites for variant in _variants(rewrite)]
    bindings = _bindings(variants, context)
    fixes = [_node_fix(each.message, each.edits) for each in variants]
    shared = {each.shared: _node_fix("what is shared", each.shared) for each in variants}
    every = (*fixes, *bindings.values(), *shared.values())
    wanted = {node for fix in every for node in edited_nodes(fix)}
    facts = context.facts
    positions = locate(facts.module, facts.source.text, wanted, facts.index.parents)
    changes: list[Change] = []
    refusals = [_refusal(outcome, spans) for outcome in in_order if isinstance(outcome, Refuse)]
    deleted = deleted_nodes(fixes)
    imports = {edits: _lower(fix, positions, context, deleted) for edits, fix in shared.items()}
    bound = {names: _lower(fix, positions, context, deleted) for names, fix in bindings.items()}
    unbound = None in bound.values()
    written = {
        id(variant): _lower(fix, positions, context, deleted)
        for variant, fix in zip(variants, fixes, strict=True)
        if not (unbound and (variant.needs_handle or variant.needs_torch))
        and imports[variant.shared] is not None
    }
    for rewrite in rewrites:
        change = _change(rewrite, written, imports, spans)
        if change is None:
            refusals.append(_refusal(Refuse(rewrite.finding, _CANNOT_WRITE), spans))
        else:
            changes.append(change)
    names = NameBindings(bound.get(_HANDLE), bound.get(_TORCH), bound.get(_BOTH))
    ordered = sorted(refusals, key=lambda refusal: refusal.location.offset)
    runtime = context.access.module if context.access.exported else ""
    return FileSurvey(path, tuple(changes), tuple(ordered), names, runtime)


_CANNOT_WRITE = Grounds(
    "the edit would lose a comment, or stands in text that cannot be edited in place",
    "move the comment, or the expression out of the string, and migrate again",
)


_Names: TypeAlias = "tuple[bool, bool]"
_HANDLE, _TORCH, _BOTH = (True, False), (False, True), (True, True)


def _bindings(rewrites: Iterable[Rewrite], context: MigrationContext) -> dict[_Names, NodeFix]:
    """The fixes that bind the handle, torch or both, as far as ``rewrites`` may need them."""
    made = list(rewrites)
    users = [each.finding.node for each in made if each.needs_handle]
    gone = frozenset(row for each in made for row in each.gone)
    found: dict[_Names, NodeFix] = {}
    for names in (_HANDLE, _TORCH, _BOTH):
        handle, torch = names
        if not (handle <= bool(users) and torch <= any(each.needs_torch for each in made)):
            continue
        wanted = WantedNames(context.handle if handle else "", context.torch if torch else "")
        edits = bind_names(context.facts, wanted, context.access, users if handle else (), gone)
        if edits:
            found[names] = _node_fix("the handle", edits)
    return found


def _node_fix(message: str, edits: tuple[NodeEdit, ...]) -> NodeFix:
    return NodeFix(message, Applicability.SAFE, edits)


def _lower(
    fix: NodeFix, positions: Positions, context: MigrationContext, deleted: Collection[cst.CSTNode]
) -> Fix | None:
    if not is_lossless(fix, context.facts):
        return None
    return lower_fix(fix, positions, context.facts, deleted)


def _variants(rewrite: Rewrite) -> Iterator[Rewrite]:
    """``rewrite`` and what is made otherwise."""
    variant: Rewrite | None = rewrite
    while variant is not None:
        yield variant
        variant = variant.otherwise


def _change(
    rewrite: Rewrite,
    written: Mapping[int, Fix | None],
    imports: Mapping[tuple[NodeEdit, ...], Fix | None],
    spans: Mapping[Finding[object], Span],
) -> Change | None:
    """``rewrite`` with its variants as they are ``written``; None where none can be."""
    beneath = rewrite.otherwise
    otherwise = _change(beneath, written, imports, spans) if beneath is not None else None
    fix = written.get(id(rewrite))
    if fix is None:
        return otherwise
    return Change(
        rewrite.finding.rule.code,
        spans[rewrite.finding],
        fix,
        rewrite.needs_handle,
        rewrite.needs_torch,
        rewrite.risk,
        rewrite.conditions,
        otherwise,
        imports[rewrite.shared] if rewrite.shared else None,
    )


def _refusal(refused: Refuse, spans: Mapping[Finding[object], Span]) -> Refusal:
    finding, grounds = refused.finding, refused.grounds
    return Refusal(finding.rule.code, spans[finding].start, grounds.reason, grounds.advice)
