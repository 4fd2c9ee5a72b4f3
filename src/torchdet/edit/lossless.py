"""Whether an edit by node can be written as text without losing or breaking what is around it."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.edit.node_edit import NodeEdit, NodeFix, Replace, StatementEdit
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited


def is_lossless(fix: NodeFix, facts: FileFacts) -> bool:
    """Whether every edit of ``fix`` keeps the comments it covers and the strings it stands in.

    Edits of whole statements are left to lowering, which keeps their comments itself.

    Inside an f-string, Python before 3.12 takes neither the quotes around it nor a backslash, a
    comment or, in a string of one row, a new row.
    """
    commented = "#" in facts.source.text
    return all(
        (not commented or _keeps_comments(edit)) and _fits_strings(edit, facts)
        for edit in fix.edits
    )


def _keeps_comments(edit: NodeEdit) -> bool:
    if not isinstance(edit, Replace):
        return True
    return all(comment in edit.text for comment in _comments(edit.node))


def _comments(node: cst.CSTNode) -> Iterator[str]:
    """The comments inside ``node``; they stand in white space, which no other walk looks at."""
    below = [node]
    while below:
        current = below.pop()
        if isinstance(current, cst.Comment):
            yield current.value
        below.extend(current.children)


def _fits_strings(edit: NodeEdit, facts: FileFacts) -> bool:
    if isinstance(edit, StatementEdit):
        return True
    for quote in _quotes_around(edit.node, facts):
        refused = (quote, "\\", "#", *(["\n"] if len(quote) == 1 else []))
        if any(mark in edit.text for mark in refused):
            return False
    return True


def _quotes_step(
    above: cst.CSTNode, _below: cst.CSTNode, outer: tuple[str, ...], _facts: FileFacts
) -> tuple[str, ...]:
    return (*outer, above.end) if isinstance(above, cst.FormattedString) else outer


_quotes_around = inherited(tuple[str, ...](), _quotes_step)
