"""Parse one file, let the live rules look at it, and report what they found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from libcst import ParserSyntaxError

from torchdet.engine.draft_report import build_report
from torchdet.engine.references import references
from torchdet.engine.settings import CheckSettings
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText
from torchdet.rules.base import Context, Draft, Rule
from torchdet.rules.registry import Dispatch, dispatch_table

_PARSER_ERROR = re.compile(r"error at (?P<row>\d+):(?P<column>\d+): (?P<reason>.+)", re.DOTALL)
_LONGEST_REASON = 60


class UnparseableError(ValueError):
    """The text is no Python that LibCST can parse; ``row`` and ``column`` are one-based."""

    def __init__(self, reason: str, row: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        self.column = column


def run_rules(
    path: str, source: SourceText, rules: tuple[Rule, ...], settings: CheckSettings
) -> FileReport:
    """Check ``source`` with ``rules``. Raises ``UnparseableError``."""
    dispatch = dispatch_table(rules)
    wanted = Wanted(frozenset(dispatch.nodes), frozenset(dispatch.attributes))
    config = settings.config
    try:
        facts = FileFacts.parse(source, wanted, {f"{config.facade_module}.torch": "torch"})
        context = Context(facts, config, path, settings.module_name)
        drafts = list(_drafts(dispatch, context))
        return build_report(path, drafts, facts, settings)
    except ParserSyntaxError as error:
        raise _unparseable(error, source) from None
    except RecursionError:
        reason = "nested too deeply to be checked: Python's stack is too small"
        raise UnparseableError(reason) from None


def _unparseable(error: ParserSyntaxError, source: SourceText) -> UnparseableError:
    """Place and reason, which LibCST's parser only tells in the text of its message."""
    match = _PARSER_ERROR.search(error.message)
    if match is None:
        return UnparseableError(error.message, min(max(error.raw_line, 1), source.row_count))
    row = min(int(match["row"]), source.row_count)
    column = min(int(match["column"]), len(source.line(row))) + 1
    # Dozens of alternatives tell a person nothing; "expected INDENT" does.
    reason = match["reason"] if len(match["reason"]) <= _LONGEST_REASON else "unexpected token"
    return UnparseableError(f"not valid Python: {reason}", row, column)


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
