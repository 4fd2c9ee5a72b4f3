"""Answers about nodes that are worked out once a file, however often rules ask.

Without them a check takes the square of its file's size: each of many findings in a block would
look at all the others, and each in a chain of ``elif`` would climb it to the top.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.branch_conditions import Way
    from torchdet.facts.flow.graph import Branch

_Node = TypeVar("_Node")
_Answer = TypeVar("_Answer")


def remembered(
    question: Callable[[_Node, FileFacts], _Answer],
) -> Callable[[_Node, FileFacts], _Answer]:
    """``question``, asked once for each node; its answer must be plain data, never an iterator."""
    files: WeakKeyDictionary[FileFacts, dict[_Node, _Answer]] = WeakKeyDictionary()

    @wraps(question)
    def answer(node: _Node, facts: FileFacts) -> _Answer:
        known = files.setdefault(facts, {})
        if node not in known:
            known[node] = question(node, facts)
        return known[node]

    return answer


def inherited(
    start: _Answer,
    step: Callable[[cst.CSTNode, cst.CSTNode, _Answer, FileFacts], _Answer],
) -> Callable[[cst.CSTNode, FileFacts], _Answer]:
    """What a node has from the nodes around it, from the module inwards.

    ``step(above, below, outer, facts)`` is the answer for ``below``, where its parent ``above`` has
    the answer ``outer``; the module has ``start``. Each node is asked about once.
    """
    files: WeakKeyDictionary[FileFacts, dict[cst.CSTNode, _Answer]] = WeakKeyDictionary()

    def answer(node: cst.CSTNode, facts: FileFacts) -> _Answer:
        known = files.setdefault(facts, {})
        parents = facts.index.parents
        path: list[cst.CSTNode] = []
        current: cst.CSTNode = node
        while current not in known and current in parents:
            path.append(current)
            current = parents[current]
        outer = known.get(current, start)
        for below in reversed(path):
            outer = known[below] = step(parents[below], below, outer, facts)
        return outer

    return answer


def along_way(
    start: _Answer,
    step: Callable[[Branch, _Answer, FileFacts], _Answer],
) -> Callable[[cst.CSTNode, FileFacts], _Answer]:
    """What the branches on every way to a node add up to, from the start of its body.

    ``step(branch, outer, facts)`` is the answer behind ``branch``, where that before it is
    ``outer``. Each branch is asked about once.
    """
    files: WeakKeyDictionary[FileFacts, dict[Way, _Answer]] = WeakKeyDictionary()

    def answer(node: cst.CSTNode, facts: FileFacts) -> _Answer:
        known = files.setdefault(facts, {})
        passed: list[Way] = []
        way = facts.flow.way(node)
        while way is not None and way not in known:
            passed.append(way)
            way = way.outer
        outer = start if way is None else known[way]
        for each in reversed(passed):
            outer = known[each] = step(each.branch, outer, facts)
        return outer

    return answer
