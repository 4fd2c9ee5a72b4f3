"""The import of the facade, put before everything that imports torch."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.edit.imports import must_lead
from torchdet.edit.node_edit import Delete, InsertBefore, NodeEdit, StatementsBefore
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.findings.codemod import Finding, MigrationContext, Rewrite
from torchdet.findings.handle.torch_imports import Runs, torch_imports
from torchdet.reading.imports import facade_imports


def facade_first(finding: Finding[object], context: MigrationContext) -> Rewrite:
    """The rewrite that mends ``finding`` by importing the facade before torch."""
    facade = context.rules.config.facade_module
    edits = (*_imports_of_facade(context), *_moved_away(context))
    return Rewrite(finding, edits, f"`import {facade}` first", needs_handle=False)


def _imports_of_facade(context: MigrationContext) -> Iterator[NodeEdit]:
    facts = context.facts
    imported = f"import {context.rules.config.facade_module}"
    # Import sorters would move it, and linters call it unused.
    row = f"{imported}  # noqa: F401  # isort: skip"
    imports = torch_imports(facts)
    if any(each.runs is Runs.FIRST for each in imports) or not imports:
        first = _first_statement(facts)
        alone = isinstance(first, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        yield StatementsBefore(first, (row, "")) if alone else InsertBefore(first, f"{imported}; ")
        return
    for each in _first_in_each_block(context.facts):
        parent = facts.parent(each)
        if isinstance(parent, cst.SimpleStatementLine) and len(parent.body) == 1:
            yield StatementsBefore(parent, (row,))
        else:
            yield InsertBefore(each, f"{imported}; ")


def _first_in_each_block(facts: FileFacts) -> Iterator[cst.CSTNode]:
    """The first import of torch in each block that has one, as no other need have run before."""
    blocks: dict[cst.CSTNode, cst.CSTNode] = {}
    for each in torch_imports(facts):
        if not any(above in blocks for above in facts.ancestors(each.statement)):
            blocks[each.block] = each.statement
    yield from blocks.values()


def _first_statement(facts: FileFacts) -> cst.CSTNode:
    """The first row, or statement in a row, that may have something written before it."""
    body = facts.module.body
    for row in body:
        small = row.body if isinstance(row, cst.SimpleStatementLine) else (row,)
        if not must_lead(small[0]):
            return row
        free = next((each for each in small if not must_lead(each)), None)
        if free is not None:
            return free
    return body[-1]


def _moved_away(context: MigrationContext) -> Iterator[NodeEdit]:
    """The end of a plain import of the facade that stands too far down."""
    facts = context.facts
    for place in facade_imports(context.rules.place, context.facts):
        statement = facts.parent(place)
        if (
            isinstance(statement, cst.Import)
            and len(statement.names) == 1
            and statement.names[0].asname is None
            and isinstance(facts.parent(facts.statement(statement)), cst.Module)
        ):
            yield Delete(statement)
