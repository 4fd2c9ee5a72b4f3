"""Parse one file, let the live rules look at it, and report what they found."""

from __future__ import annotations

from torchdet.engine.draft_report import build_report
from torchdet.engine.found_drafts import FoundDrafts
from torchdet.engine.references import references
from torchdet.engine.settings import CheckSettings
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.handle_names import EXPORTS
from torchdet.facts.index import Wanted
from torchdet.findings.base import Rule
from torchdet.findings.registry import dispatch_table
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText
from torchdet.reading.context import Context


def run_rules(
    path: str, source: SourceText, rules: tuple[Rule, ...], settings: CheckSettings
) -> FileReport:
    """Check ``source`` with ``rules``. Raises ``UnparseableError``."""
    context = read_facts(path, source, rules, settings)
    return build_report(path, find_drafts(rules, context), context.facts, settings)


def read_facts(
    path: str, source: SourceText, rules: tuple[Rule, ...], settings: CheckSettings
) -> Context:
    """Parse ``source`` and learn of it what ``rules`` will ask.

    Raises ``UnparseableError``.
    """
    dispatch = dispatch_table(rules)
    wanted = Wanted(frozenset(dispatch.nodes), frozenset(dispatch.attributes))
    return read_context(path, source, wanted, settings)


def read_context(path: str, source: SourceText, wanted: Wanted, settings: CheckSettings) -> Context:
    """Parse ``source`` and keep the nodes that are ``wanted``. Raises ``UnparseableError``."""
    config = settings.config
    aliases = {f"{config.facade_module}.torch": "torch"}
    for module in config.runtime_modules:
        aliases |= {f"{module}.{name}": meaning for name, meaning in EXPORTS.items()}
    facts = FileFacts.parse(source, wanted, aliases)
    return Context(facts, config, path, settings.module_name, settings.project)


def find_drafts(rules: tuple[Rule, ...], context: Context) -> FoundDrafts:
    """What ``rules`` find in the file that ``context`` was read of for them.

    A rule that fails at one place is asked about the next; raises ``UnparseableError``.
    """
    found = FoundDrafts()
    dispatch = dispatch_table(rules)
    index = context.facts.index
    for node_type, node_checks in dispatch.nodes.items():
        for node in index.nodes.get(node_type, ()):
            for rule, check_node in node_checks:
                found.ask(rule, node, check_node, node, context)
    for name, attribute_checks in dispatch.attributes.items():
        for attribute in index.attributes.get(name, ()):
            for rule, check_attribute in attribute_checks:
                found.ask(rule, attribute, check_attribute, attribute, context)
    for reference in references(frozenset(dispatch.names), context.facts):
        for rule, check_reference in dispatch.names[reference.name]:
            found.ask(rule, reference.node, check_reference, reference, context)
    return found
