"""Migrates the few files of a test, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torchdet.edit.apply import apply_fixes
from torchdet.edit.lower import edited_nodes, lower_fix
from torchdet.edit.node_edit import NodeFix
from torchdet.edit.verify import fault_of_edits
from torchdet.engine.draft_report import standing_drafts
from torchdet.engine.run_rules import find_drafts, read_facts
from torchdet.engine.settings import CheckSettings
from torchdet.facts.locate import locate
from torchdet.migrate.codemod import Codemod, Finding, MigrationContext, Refuse
from torchdet.migrate.handle_site import bind_handle, handle_name
from torchdet.model.config import LintConfig, MigrateConfig
from torchdet.model.fix import Applicability
from torchdet.model.migration import Refusal
from torchdet.model.source import SourceText
from torchdet.rules.registry import all_rules

ROUNDS = 5


@dataclass(frozen=True)
class Migrated:
    """The texts that came out, by path, and what was refused in each."""

    texts: dict[str, str]
    refusals: dict[str, list[Refusal]]


def migrate(
    texts: Mapping[str, str],
    codemods: Sequence[Codemod],
    lint: LintConfig | None = None,
    config: MigrateConfig | None = None,
) -> Migrated:
    """Migrate ``texts``, which are keyed by their path, with ``codemods`` alone."""
    after: dict[str, str] = {}
    refusals: dict[str, list[Refusal]] = {}
    for path, text in texts.items():
        after[path] = text
        for _ in range(ROUNDS):
            before = after[path]
            after[path], refusals[path] = _round(
                path, before, codemods, lint or LintConfig(), config or MigrateConfig()
            )
            if after[path] == before:
                break
        else:
            raise AssertionError(f"{path} does not settle:\n{after[path]}")
    return Migrated(after, refusals)


def _round(
    path: str, text: str, codemods: Sequence[Codemod], lint: LintConfig, config: MigrateConfig
) -> tuple[str, list[Refusal]]:
    codes = {code for codemod in codemods for code in codemod.codes}
    rules = tuple(rule for rule in all_rules() if rule.code in codes)
    module_name = path[:-3].replace("/", ".").removesuffix(".__init__")
    settings = CheckSettings(rules, lint, module_name)
    source = SourceText(text)
    context = read_facts(path, source, rules, settings)
    facts = context.facts
    standing = standing_drafts(find_drafts(rules, context), facts, settings)
    handle = handle_name(facts)
    migration = MigrationContext(context, config, handle)
    places = {id(draft): diagnostic.span.start for _, draft, diagnostic in standing}
    fixes: list[NodeFix] = []
    refusals: list[Refusal] = []
    needs_handle = False
    for codemod in codemods:
        findings = [Finding(r, d) for r, d, _ in standing if r.code in codemod.codes]
        outcomes = list(codemod.rewrite(findings, migration))
        assert [o.finding for o in outcomes] == findings
        for outcome in outcomes:
            if isinstance(outcome, Refuse):
                finding = outcome.finding
                place = places[id(finding.draft)]
                refusals.append(Refusal(finding.rule.code, place, outcome.reason, outcome.advice))
            elif not outcome.unsafe or config.unsafe:
                needs_handle = needs_handle or outcome.needs_handle
                fixes.append(NodeFix(outcome.message, Applicability.SAFE, outcome.edits))
    if needs_handle:
        bound = bind_handle(facts, handle, config)
        fixes.insert(0, NodeFix("Bind the handle", Applicability.SAFE, bound))
    nodes = {node for fix in fixes for node in edited_nodes(fix)}
    positions = locate(facts.module, text, nodes, facts.index.parents)
    lowered = [lower_fix(fix, positions, source) for fix in fixes]
    applied = apply_fixes(text, [fix for fix in lowered if fix is not None])
    edits = [edit for fix in applied.applied for edit in fix.edits]
    fault = fault_of_edits(text, applied.text, edits)
    assert fault is None, f"{fault}\n{applied.text}"
    return applied.text, refusals
