"""Under which conditions a node runs, and what they imply."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.flow.graph import ENTRY, Branch, Graph, Point
from torchdet.facts.flow.uses import is_target
from torchdet.facts.index import dotted_parts
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants

if TYPE_CHECKING:
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.reaching_definitions import ReachingDefinitions


@dataclass(frozen=True, slots=True)
class Condition:
    """``test`` was true (``holds``) or false before the node ran, on every way to it.

    With a ``pattern``, the subject ``test`` of a ``match`` fits it, or does not. ``current`` says
    that the names in the test still have the values that they had then: behind
    ``if x is None: x = 0`` the condition on ``x`` is no longer current.
    """

    test: cst.BaseExpression
    holds: bool
    pattern: cst.MatchPattern | None = None
    current: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The branches that lead to a place: the innermost, and those ``outer``.

    All nodes behind one branch share one object, so that what follows from it can be kept by it.
    """

    branch: Branch
    outer: Way | None


class Conditions:
    """The conditions of the nodes of one file."""

    def __init__(self, bodies: Bodies, reaching: ReachingDefinitions) -> None:
        self._bodies = bodies
        self._reaching = reaching
        self._ways: dict[tuple[Graph, int], Way | None] = {}

    def of(self, node: cst.CSTNode) -> tuple[Condition, ...]:
        """The conditions on the way to ``node`` in its body, the nearest first."""
        graph, points = self._bodies.points(node)
        ways = [self._above(graph, point) for point in points if self._runs(graph, point)]
        if not ways:
            return ()
        common = [each for each in ways[0] if all(each in way for way in ways[1:])]
        return tuple(dict.fromkeys(common))

    def way(self, node: cst.CSTNode) -> Way | None:
        """The branches on every way to ``node`` in its body; None where there are none.

        Of the copies of a ``finally``, the one for exceptions counts.
        """
        graph, points = self._bodies.points(node)
        block = next((each.block for each in points if self._runs(graph, each)), ENTRY)
        tree, known = graph.dominators, self._ways
        passed: list[int] = []
        while block not in (ENTRY, -1) and (graph, block) not in known:
            passed.append(block)
            block = tree.parent[block]
        way = known.get((graph, block))
        for each in reversed(passed):
            branch = graph.branches.get(each)
            way = way if branch is None else Way(branch, way)
            known[graph, each] = way
        return way

    def _runs(self, graph: Graph, point: Point) -> bool:
        return graph.dominators.reachable(point.block)

    def _above(self, graph: Graph, point: Point) -> list[Condition]:
        tree = graph.dominators
        found: list[Condition] = []
        block = point.block
        while block not in (ENTRY, -1):
            branch = graph.branches.get(block)
            if branch is not None:
                current = self._is_current(graph, branch, Point(block, 0), point)
                found.append(Condition(branch.test, branch.holds, branch.pattern, current))
            block = tree.parent[block]
        return found

    def _is_current(self, graph: Graph, branch: Branch, then: Point, now: Point) -> bool:
        body = self._bodies.use_def(graph.owner)
        for node in descendants(branch.test):
            if node not in self._bodies.table.used_in:
                continue
            variable = self._bodies.table.variable(node)
            if variable is not None and (
                body.version(variable, then) is not body.version(variable, now)
            ):
                return False
            parts = self._dotted(node)
            for stored, target in self._stores.get(parts[0], ()) if len(parts) > 1 else ():
                if parts[: len(stored)] == stored and self._lies_between(graph, then, target, now):
                    return False
        return True

    def _dotted(self, name: cst.CSTNode) -> tuple[str, ...]:
        """The dotted expression that begins with ``name``."""
        parents = self._bodies.index.parents
        above = parents[name]
        while isinstance(above, cst.Attribute):
            name, above = above, parents[above]
        return dotted_parts(name) or ("",)

    def _lies_between(self, graph: Graph, then: Point, node: cst.CSTNode, now: Point) -> bool:
        follows = self._reaching.may_follow
        places = graph.points.get(node, ())
        return any(follows(graph, then, each) and follows(graph, each, now) for each in places)

    @cached_property
    def _stores(self) -> dict[str, list[tuple[tuple[str, ...], cst.BaseExpression]]]:
        """The dotted expressions that are assigned to, by their first name."""
        parents = self._bodies.index.parents
        found: dict[str, list[tuple[tuple[str, ...], cst.BaseExpression]]] = {}
        for name, uses in self._bodies.index.uses.items():
            for use in uses:
                if len(use.parts) > 1 and use.node in parents and is_target(use.node, parents):
                    found.setdefault(name, []).append((use.parts, use.node))
        return found


@dataclass(frozen=True, slots=True)
class NoneTest:
    """``subject is None``, or ``is not None`` where ``is_none`` is False."""

    subject: cst.BaseExpression
    is_none: bool


def none_test(test: cst.BaseExpression, holds: bool) -> NoneTest | None:
    """What a test that came out as ``holds`` says of whether something is None."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    target = test.comparisons[0]
    subject, other = test.left, target.comparator
    if is_constant(subject, "None"):
        subject, other = other, subject
    if not is_constant(other, "None"):
        return None
    if isinstance(target.operator, (cst.Is, cst.Equal)):
        return NoneTest(subject, holds)
    if isinstance(target.operator, (cst.IsNot, cst.NotEqual)):
        return NoneTest(subject, not holds)
    return None


@dataclass(frozen=True, slots=True)
class InstanceTest:
    """``isinstance(subject, types)`` holds, or not; ``types`` are the elements of a tuple."""

    subject: cst.BaseExpression
    types: tuple[cst.BaseExpression, ...]
    holds: bool


def instance_test(test: cst.BaseExpression, holds: bool) -> InstanceTest | None:
    """What a test that came out as ``holds`` says of the type of something."""
    if not isinstance(test, cst.Call) or last_name(test.func) not in {"isinstance", "issubclass"}:
        return None
    if len(test.args) != 2:
        return None
    types = test.args[1].value
    every = [each.value for each in types.elements] if isinstance(types, cst.Tuple) else [types]
    return InstanceTest(test.args[0].value, tuple(every), holds)
