"""Which of some nodes of a body runs next, and which ran last."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from torchdet.facts.flow.graph import ENTRY, Point
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.bodies import Bodies


class Succession:
    """Some ``nodes`` of one body in the order in which they can run; answers have that of the text.

    Nodes of other bodies count where those are made: a use in a function when it is defined.
    """

    def __init__(self, bodies: Bodies, body: cst.CSTNode, nodes: Collection[cst.CSTNode]) -> None:
        self._graph = bodies.graph(body)
        self._points = partial(_points, bodies, body)
        found: dict[int, list[tuple[int, cst.CSTNode]]] = {}
        for node in nodes:
            for point in self._points(node):
                found.setdefault(point.block, []).append((point.position, node))
        self._in_block = {
            block: sorted(each, key=lambda pair: pair[0]) for block, each in found.items()
        }

    def first(self) -> tuple[cst.CSTNode, ...]:
        """Those that can run first in the body."""
        return self._next((Point(ENTRY, -1),))

    def after(self, node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
        """Those that can run next after ``node``: itself, if it is one of them, in a loop."""
        return self._next(self._points(node))

    def before(self, node: cst.CSTNode) -> tuple[cst.CSTNode | None, ...]:
        """Those that can have run last before ``node``; None where it can run before all of them.

        In a loop ``node`` itself is among them, if it is one of the nodes.
        """
        found: dict[cst.CSTNode, int] = {}
        seen: set[int] = set()
        is_first = False
        pending = list(self._points(node))
        while pending:
            point = pending.pop()
            here = self._in_block.get(point.block, ())
            at = bisect_left(here, point.position, key=lambda pair: pair[0])
            if at:
                position, earlier = here[at - 1]
                found.setdefault(earlier, position)
                continue
            is_first = is_first or point.block == ENTRY
            for block in self._graph.predecessors[point.block]:
                if block not in seen and self._graph.dominators.reachable(block):
                    seen.add(block)
                    pending.append(Point(block, self._size(block)))
        nodes = sorted(found, key=found.__getitem__)
        return (None, *nodes) if is_first else tuple(nodes)

    def _size(self, block: int) -> int:
        """A position behind all nodes in ``block``."""
        here = self._in_block.get(block, ())
        return here[-1][0] + 1 if here else 0

    def _next(self, points: Collection[Point]) -> tuple[cst.CSTNode, ...]:
        found: dict[cst.CSTNode, int] = {}
        seen: set[int] = set()
        pending: list[Point] = list(points)
        while pending:
            point = pending.pop()
            here = self._in_block.get(point.block, ())
            at = bisect_right(here, point.position, key=lambda pair: pair[0])
            if at < len(here):
                position, node = here[at]
                found.setdefault(node, position)
                continue
            for block in self._graph.successors[point.block]:
                if block not in seen:
                    seen.add(block)
                    pending.append(Point(block, -1))
        return tuple(sorted(found, key=found.__getitem__))


def _points(bodies: Bodies, body: cst.CSTNode, node: cst.CSTNode) -> tuple[Point, ...]:
    while (owner := bodies.owner(node)) is not body and owner is not bodies.module:
        node = owner
    return bodies.points(node)[1]
