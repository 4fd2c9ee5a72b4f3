"""Whether one node runs before another."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.flow.graph import Graph, Point
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.reaching_definitions import ReachingDefinitions


class Order(Enum):
    """How sure it is that one node has run when another runs."""

    CERTAINLY = "on every way"
    POSSIBLY = "on some way"
    NEVER = "on none"


class RunOrder:
    """Answers from the graphs; calls between functions are told by the caller."""

    def __init__(self, bodies: Bodies, reaching: ReachingDefinitions) -> None:
        self._bodies = bodies
        self._reaching = reaching

    def before(self, first: cst.CSTNode, second: cst.CSTNode) -> Order:
        """Whether ``first`` has run when ``second`` runs.

        Within one body the graph tells. A function runs after it was made: what has run before it
        was made has run before it; otherwise nothing is certain.
        """
        owner, other = self._bodies.owner(first), self._bodies.owner(second)
        if owner is other:
            graph, points = self._bodies.points(first)
            return self._within(graph, points, self._bodies.points(second)[1])
        inner = other
        while inner is not self._bodies.module:
            above = self._bodies.owner(inner)
            if above is owner:
                graph, points = self._bodies.points(first)
                made = self._bodies.points(inner)[1]
                certain = self._within(graph, points, made) is Order.CERTAINLY
                return Order.CERTAINLY if certain else Order.POSSIBLY
            inner = above
        return Order.POSSIBLY

    def _within(self, graph: Graph, first: tuple[Point, ...], second: tuple[Point, ...]) -> Order:
        tree = graph.dominators
        earlier = [point for point in first if tree.reachable(point.block)]
        later = [point for point in second if tree.reachable(point.block)]
        if later and all(any(_precedes(graph, a, b) for a in earlier) for b in later):
            return Order.CERTAINLY
        if any(self._reaching.may_follow(graph, a, b) for a in earlier for b in later):
            return Order.POSSIBLY
        return Order.NEVER

    def runs(self, node: cst.CSTNode) -> bool:
        """Whether any way leads to ``node``: not behind a ``return``, nor under ``if False``."""
        graph, points = self._bodies.points(node)
        return not points or any(graph.dominators.reachable(point.block) for point in points)

    def repeats(self, node: cst.CSTNode) -> bool:
        """Whether ``node`` can run again in one run of its body: it stands in a loop."""
        graph, points = self._bodies.points(node)
        return any(point.block in self._reaching.reachable(graph, point.block) for point in points)

    def always_runs(self, node: cst.CSTNode) -> bool:
        """Whether each run of the body that ends normally runs ``node``."""
        graph, points = self._bodies.points(node)
        tree = graph.dominators
        ends = [each for each in graph.exits if tree.reachable(each)]
        return bool(ends) and all(
            any(tree.dominates(point.block, end) for point in points) for end in ends
        )

    def at_import(self, node: cst.CSTNode) -> bool:
        """Whether ``node`` runs when the module is imported, rather than in a later call."""
        return self._bodies.owner(node) is self._bodies.module

    def same_block(self, first: cst.CSTNode, second: cst.CSTNode) -> bool:
        """Whether the two run equally often, one after the other: neither without the other."""
        both = (self._bodies.points(first), self._bodies.points(second))
        (graph, points), (other, others) = both
        return graph is other and {p.block for p in points} == {p.block for p in others} != set()


def _precedes(graph: Graph, first: Point, second: Point) -> bool:
    if first.block == second.block:
        return first.position <= second.position
    return graph.dominators.dominates(first.block, second.block)
