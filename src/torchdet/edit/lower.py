"""From edits by node to edits of text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from torchdet.edit.node_edit import InsertAfter, InsertBefore, NodeEdit, NodeFix
from torchdet.facts.lazy import cst
from torchdet.facts.locate import Positions
from torchdet.model.fix import Fix, TextEdit
from torchdet.model.location import Span
from torchdet.model.source import SourceText

_BARE_NEWLINE = re.compile(r"(?<!\r)\n")


def edited_nodes(fix: NodeFix) -> Iterable[cst.CSTNode]:
    """The nodes whose positions ``lower_fix`` needs."""
    return (edit.node for edit in fix.edits)


def lower_fix(fix: NodeFix, positions: Positions, source: SourceText) -> Fix | None:
    """``fix`` as edits of the text, sorted by place; a new row begins as the others of the file do.

    None when two of its edits overlap, or when the tree does not write back to the text, so that
    no offset can be trusted: the finding then stands without a fix.
    """
    if not positions.faithful:
        return None
    edits = sorted(
        (_lower_edit(edit, positions, source) for edit in fix.edits),
        key=lambda edit: (edit.span.start.offset, edit.span.end.offset),
    )
    for left, right in pairwise(edits):
        if left.span.end.offset > right.span.start.offset:
            return None
    return Fix(fix.message, fix.applicability, tuple(edits))


def _lower_edit(edit: NodeEdit, positions: Positions, source: SourceText) -> TextEdit:
    start, end = positions.spans[edit.node]
    if isinstance(edit, InsertBefore):
        end = start
    elif isinstance(edit, InsertAfter):
        start = end
    text = _BARE_NEWLINE.sub(source.newline, edit.text)
    return TextEdit(Span(source.location(start), source.location(end)), text)
