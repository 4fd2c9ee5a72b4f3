"""From edits by node to edits of text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import (
    Delete,
    Enclose,
    ExpressionEdit,
    InsertAfter,
    InsertArgument,
    InsertBefore,
    NodeFix,
    StatementEdit,
)
from torchdet.edit.statements import Spliced, StatementEdits, first_part
from torchdet.facts.lazy import cst
from torchdet.facts.locate import Positions
from torchdet.model.fix import Fix, TextEdit
from torchdet.model.location import Span

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_BARE_NEWLINE = re.compile(r"(?<!\r)\n")


def edited_nodes(fix: NodeFix) -> Iterator[cst.CSTNode]:
    """The nodes whose positions ``lower_fix`` needs."""
    for edit in fix.edits:
        yield edit.node
        if isinstance(edit, StatementEdit):
            yield first_part(edit.node)
        if isinstance(edit, Enclose):
            yield edit.last


def deleted_nodes(fixes: Iterable[NodeFix]) -> frozenset[cst.CSTNode]:
    """The statements that ``fixes`` delete."""
    return frozenset(edit.node for fix in fixes for edit in fix.edits if isinstance(edit, Delete))


def lower_fix(
    fix: NodeFix,
    positions: Positions,
    facts: FileFacts,
    deleted: Collection[cst.CSTNode] = frozenset(),
) -> Fix | None:
    """``fix`` as edits of the text, sorted by place; a new row begins as the others of the file do.

    ``deleted`` are the statements that all fixes delete which may be made together with this one.

    None when two of its edits overlap, when a comment would be lost, or when the tree does not
    write back to the text, so that no offset can be trusted: the finding then stands without a
    fix.
    """
    if not positions.faithful:
        return None
    source = facts.source
    gone = deleted_nodes([fix]).union(deleted)
    statements = StatementEdits(source.text, "\n", positions, facts.index.parents, gone)
    lowered: list[Spliced] = []
    for edit in fix.edits:
        spliced = (
            statements.lower(edit)
            if isinstance(edit, StatementEdit)
            else _lower_edit(edit, positions)
        )
        if spliced is None:
            return None
        lowered.append(spliced)
    lowered.sort(key=lambda each: each[:2])
    for left, right in pairwise(lowered):
        if left[1] > right[0]:
            return None
    edits = tuple(
        TextEdit(
            Span(source.location(start), source.location(end)),
            _BARE_NEWLINE.sub(source.newline, text),
        )
        for start, end, text in lowered
    )
    return Fix(fix.message, fix.applicability, edits)


def _lower_edit(edit: ExpressionEdit, positions: Positions) -> Spliced:
    start, end = positions.spans[edit.node]
    if isinstance(edit, InsertBefore):
        end = start
    elif isinstance(edit, InsertAfter):
        start = end
    elif isinstance(edit, InsertArgument):
        start = end = end - 1  # a call ends with its parenthesis
    return start, end, edit.text
