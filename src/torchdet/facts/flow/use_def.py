"""Which definitions of a variable reach a point of one body.

Static single assignment without rewriting: joins where several definitions of a variable meet
get a phi, found through the dominance frontier; a look-up takes the nearest definition or phi
that dominates the point. Each variable is worked out when it is first asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from torchdet.facts.flow.definitions import Definition, DefinitionKind
from torchdet.facts.flow.graph import ENTRY, Graph, Point, Variable


@dataclass(slots=True, eq=False)
class Phi:
    """The meeting of several definitions at the head of ``block``, one for each way in."""

    block: int
    variable: Variable


@dataclass(frozen=True, slots=True)
class AtEntry:
    """What the variable is when the body begins: unbound, or what the code around gave it."""


Version = Definition | Phi | AtEntry
AT_ENTRY = AtEntry()


@dataclass(slots=True)
class _Places:
    """The definitions and phis of one variable in the order of the dominator tree.

    ``keys`` are (number of the block in the tree, position), ``above`` the index of the nearest
    one that dominates it, or -1.
    """

    keys: list[tuple[int, int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)


class UseDef:
    """The versions of the variables of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps = 0
        self._places: dict[Variable, _Places] = {}
        self._operands: dict[Phi, tuple[tuple[Version, int], ...]] = {}

    def version(self, variable: Variable, point: Point) -> Version | None:
        """The version of ``variable`` just before ``point``; None where nothing gets there."""
        tree = self.graph.dominators
        number = tree.first[point.block]
        if number == -1:
            return None
        places = self._of(variable)
        index = bisect_left(places.keys, (number, point.position)) - 1
        while index >= 0 and places.ends[index] < number:
            index = places.above[index]
            self.steps += 1
        return places.versions[index] if index >= 0 else AT_ENTRY

    def operands(self, phi: Phi) -> tuple[tuple[Version, int], ...]:
        """What comes together in ``phi``, with the block that each comes from."""
        if phi not in self._operands:
            found: list[tuple[Version, int]] = []
            for block in self.graph.predecessors[phi.block]:
                version = self.version(phi.variable, end_of(block))
                self.steps += 1
                if version is not None:
                    found.append((version, block))
            self._operands[phi] = tuple(found)
        return self._operands[phi]

    def leaves(self, version: Version) -> Iterator[Definition | AtEntry]:
        """The definitions, and perhaps the entry, that ``version`` can be, each once."""
        seen: set[Version] = {version}
        pending = [version]
        while pending:
            current = pending.pop()
            self.steps += 1
            if not isinstance(current, Phi):
                yield current
                continue
            for operand, _ in reversed(self.operands(current)):
                if operand not in seen:
                    seen.add(operand)
                    pending.append(operand)

    def _of(self, variable: Variable) -> _Places:
        places = self._places.get(variable)
        if places is None:
            places = self._places[variable] = self._place(variable)
        return places

    def _place(self, variable: Variable) -> _Places:
        tree = self.graph.dominators
        items: list[tuple[int, int, int, Version]] = []
        for point, definition in self.graph.definitions.get(variable, ()):
            if tree.reachable(point.block):
                number = tree.first[point.block]
                items.append((number, point.position, tree.last[point.block], definition))
        for block in self._joins(variable):
            number = tree.first[block]
            items.append((number, -1, tree.last[block], Phi(block, variable)))
        items.sort(key=lambda item: item[:2])
        places = _Places()
        around: list[int] = []
        for index, (number, position, end, version) in enumerate(items):
            while around and places.ends[around[-1]] < number:
                around.pop()
            places.keys.append((number, position))
            places.ends.append(end)
            places.above.append(around[-1] if around else -1)
            places.versions.append(version)
            around.append(index)
            self.steps += 1
        return places

    def _joins(self, variable: Variable) -> set[int]:
        """The blocks where definitions of ``variable`` meet: the iterated dominance frontier."""
        frontier = self.graph.dominators.frontier
        pending = [point.block for point, _ in self.graph.definitions.get(variable, ())]
        seen = set(pending)
        joins: set[int] = set()
        while pending:
            for join in frontier[pending.pop()]:
                self.steps += 1
                joins.add(join)
                if join not in seen:
                    seen.add(join)
                    pending.append(join)
        joins.discard(ENTRY)
        return joins


def end_of(block: int) -> Point:
    """The moment in which control leaves ``block``."""
    return Point(block, _LAST)


_LAST = 1 << 60


def is_deletion(version: Definition | AtEntry) -> bool:
    """Whether the variable has no value then."""
    return isinstance(version, Definition) and version.kind is DefinitionKind.DELETION
