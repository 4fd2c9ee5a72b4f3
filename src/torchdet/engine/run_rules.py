"""Parse one file, let the live rules look at it, and report what they found."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.engine.draft_report import build_report
from torchdet.engine.references import references
from torchdet.engine.settings import CheckSettings
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.parse import UnparseableError
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText
from torchdet.rules.base import Context, Draft, Rule
from torchdet.rules.registry import Dispatch, dispatch_table


def run_rules(
    path: str, source: SourceText, rules: tuple[Rule, ...], settings: CheckSettings
) -> FileReport:
    """Check ``source`` with ``rules``. Raises ``UnparseableError``."""
    try:
        context = read_facts(path, source, rules, settings)
        drafts = find_drafts(rules, context)
        return build_report(path, drafts, context.facts, settings)
    except RecursionError:
        reason = "nested too deeply to be checked: Python's stack is too small"
        raise UnparseableError(reason) from None


def read_facts(
    path: str, source: SourceText, rules: tuple[Rule, ...], settings: CheckSettings
) -> Context:
    """Parse ``source`` and learn of it what ``rules`` will ask.

    Raises ``UnparseableError``, and ``RecursionError`` for trees nested deeper than the stack.
    """
    dispatch = dispatch_table(rules)
    wanted = Wanted(frozenset(dispatch.nodes), frozenset(dispatch.attributes))
    config = settings.config
    facts = FileFacts.parse(source, wanted, {f"{config.facade_module}.torch": "torch"})
    return Context(facts, config, path, settings.module_name, settings.project)


def find_drafts(rules: tuple[Rule, ...], context: Context) -> list[tuple[Rule, Draft]]:
    """What ``rules`` find in the file that ``context`` was read of for them."""
    return list(_drafts(dispatch_table(rules), context))


def _drafts(dispatch: Dispatch, context: Context) -> Iterator[tuple[Rule, Draft]]:
    index = context.facts.index
    for node_type, node_checks in dispatch.nodes.items():
        for node in index.nodes.get(node_type, ()):
            for rule, check_node in node_checks:
                yield from ((rule, draft) for draft in check_node(node, context))
    for name, attribute_checks in dispatch.attributes.items():
        for attribute in index.attributes.get(name, ()):
            for rule, check_attribute in attribute_checks:
                yield from ((rule, draft) for draft in check_attribute(attribute, context))
    for reference in references(frozenset(dispatch.names), context.facts):
        for rule, check_reference in dispatch.names[reference.name]:
            yield from ((rule, draft) for draft in check_reference(reference, context))
