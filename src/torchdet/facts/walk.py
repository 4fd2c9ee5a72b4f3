"""The children of a node that matter: white space, punctuation and operators are skipped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from torchdet.facts.lazy import cst

_PUNCTUATION = frozenset(
    {
        "asynchronous",
        "colon",
        "comma",
        "dot",
        "encoding",
        "equal",
        "eq",
        "first_colon",
        "footer",
        "header",
        "lbrace",
        "lbracket",
        "leading_lines",
        "leading_whitespace",
        "lines_after_decorators",
        "lpar",
        "newline",
        "operator",
        "posonly_ind",
        "rbrace",
        "rbracket",
        "relative",
        "rpar",
        "second_colon",
        "semicolon",
        "separator",
        "trailing_comma",
        "trailing_whitespace",
    }
)
# Text and flags of the node itself, never a child.
_PLAIN = frozenset({"conversion", "default_indent", "default_newline", "has_trailing_newline"})


class _FieldTable(dict[type, tuple[str, ...]]):
    """The fields of a node type that can hold children, worked out at its first appearance.

    Derived from the dataclass, not listed, so that node types of newer LibCST releases are
    walked without a change here.
    """

    def __missing__(self, node_type: type) -> tuple[str, ...]:
        names = tuple(
            field.name
            for field in dataclasses.fields(node_type)
            if field.name not in _PUNCTUATION
            and field.name not in _PLAIN
            and not field.name.startswith("whitespace")
        )
        self[node_type] = names
        return names


FIELDS = _FieldTable()


class _NodeTypes(dict[type, bool]):
    """Whether a type is one of nodes. They are abstract base classes, which answer slowly."""

    def __missing__(self, candidate: type) -> bool:
        answer = self[candidate] = issubclass(candidate, cst.CSTNode)
        return answer


IS_NODE_TYPE = _NodeTypes()


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The direct children of ``node`` that matter, in the order of its fields."""
    for name in FIELDS[type(node)]:
        value = getattr(node, name)
        if IS_NODE_TYPE[type(value)]:
            yield value
        elif isinstance(value, (list, tuple)):
            yield from value


def descendants(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """``node`` and everything below it that matters, parents before their children.

    Iterative, so that no depth of nesting overflows Python's stack.
    """
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        below = list(children(current))
        below.reverse()
        stack.extend(below)
