"""The tree that LibCST makes of a text, for texts that are too new for the running Python."""

from __future__ import annotations

from functools import partial

import libcst as cst

from torchdet.edit.tree_node import Parts, TreeNode
from torchdet.facts.locate import Positions, locate
from torchdet.facts.parse import parse_source
from torchdet.facts.walk import FIELDS, descendants
from torchdet.model.source import SourceText

_OPERATORS = ("operator", "relative")  # punctuation for a walk, meaning for a comparison


def parse_libcst(text: str) -> TreeNode:
    """The tree of ``text``, as LibCST has it.

    Raises ``UnparseableError`` for what is no Python, and ``ValueError`` for a tree that does not
    write back to the text, so that no place in it can be trusted.
    """
    module = parse_source(SourceText(text))
    positions = locate(module, text, set(descendants(module)), parents={})
    if not positions.faithful:
        raise ValueError("LibCST does not give the text back that it parsed")
    return TreeNode("Module", (0, len(text)), partial(_parts, module, positions))


def _node(node: cst.CSTNode, positions: Positions) -> TreeNode:
    return TreeNode(type(node).__name__, positions.spans[node], partial(_parts, node, positions))


def _parts(node: cst.CSTNode, positions: Positions) -> Parts:
    words: list[object] = []
    for name in _OPERATORS:
        operator = getattr(node, name, None)
        if isinstance(operator, cst.CSTNode):
            words.append(type(operator).__name__)
        elif operator:
            words.append(len(operator))
    if isinstance(node, cst.Comparison):  # a longer chain is another comparison
        words.append(len(node.comparisons))
    children: list[tuple[TreeNode, ...]] = []
    for name in FIELDS[type(node)]:
        value = getattr(node, name)
        below = value if isinstance(value, (list, tuple)) else [value]
        children.append(tuple(_node(each, positions) for each in below if _is_node(each)))
        words.extend(each for each in below if isinstance(each, (str, bool)))
    return Parts(tuple(words), tuple(children))


def _is_node(value: object) -> bool:
    return isinstance(value, cst.CSTNode)
