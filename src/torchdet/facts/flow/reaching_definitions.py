"""Which definitions a use can see, in its own body and from those around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.flow.definitions import Definition
from torchdet.facts.flow.graph import ENTRY, Branch, Graph, Point
from torchdet.facts.flow.use_def import AT_ENTRY, AtEntry, Phi, UseDef, is_deletion
from torchdet.facts.lazy import cst
from torchdet.facts.scope import ScopeKind
from torchdet.facts.star_imports import may_bind

if TYPE_CHECKING:
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.graph import Variable


class UnknownSource(Enum):
    """Why a name may have a value that no definition of the file gives it."""

    STAR_IMPORT = "a star import may bind it"
    DYNAMIC = "`exec` or `globals()` may bind it"


@dataclass(frozen=True, slots=True)
class Reaching:
    """The definitions that a use can see.

    ``may_be_unbound`` says that on some way none has run, or the last was a ``del``; for a name
    that the file does not bind only a star import can say so. A function counts as called when
    what it captures is bound.
    """

    definitions: tuple[Definition, ...]
    may_be_unbound: bool
    unknown: frozenset[UnknownSource] = frozenset()

    @property
    def only(self) -> Definition | None:
        """The one definition that the use certainly sees; None where there is any doubt."""
        if len(self.definitions) != 1 or self.may_be_unbound or self.unknown:
            return None
        return self.definitions[0]


class ReachingDefinitions:
    """Answers for each use once."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._known: dict[cst.Name, Reaching] = {}
        self._outside: dict[Variable, tuple[Definition, ...]] = {}
        self._reach: dict[tuple[Graph, int], frozenset[int]] = {}

    def of(self, use: cst.Name) -> Reaching:
        """The definitions that ``use`` can see."""
        found = self._known.get(use)
        if found is None:
            found = self._known[use] = self._find(use)
        return found

    def versions(self, use: cst.Name) -> list[tuple[UseDef, Phi | Definition | AtEntry]]:
        """What ``use`` sees in its own body, before the bodies around are asked."""
        variable = self._bodies.table.variable(use)
        if variable is None:
            return []
        body = self._bodies.use_def(self._bodies.owner(use))
        points = body.graph.points.get(use, ())
        found = (body.version(variable, point) for point in points)
        return [(body, version) for version in found if version is not None]

    def reachable(self, graph: Graph, block: int) -> frozenset[int]:
        """The blocks that may run after ``block``, itself only if a loop leads back."""
        key = (graph, block)
        if key not in self._reach:
            seen: set[int] = set()
            pending = list(graph.successors[block])
            while pending:
                current = pending.pop()
                if current not in seen:
                    seen.add(current)
                    pending.extend(graph.successors[current])
            self._reach[key] = frozenset(seen)
        return self._reach[key]

    def may_follow(self, graph: Graph, earlier: Point, later: Point) -> bool:
        """Whether ``later`` can run after ``earlier``."""
        if earlier.block == later.block and earlier.position < later.position:
            return True
        return later.block in self.reachable(graph, earlier.block)

    def _find(self, use: cst.Name) -> Reaching:
        variable = self._bodies.table.variable(use)
        if variable is None:
            stars = self._stars_may_bind(use.value)
            unknown = frozenset({UnknownSource.STAR_IMPORT}) if stars else frozenset()
            return Reaching((), bool(unknown), unknown)
        owner = self._bodies.owner(use)
        graph = self._bodies.graph(owner)
        if use not in graph.points:  # an annotation in a string, for one
            every = tuple(self._bodies.table.definitions.get(variable, ()))
            return Reaching(every, may_be_unbound=False)
        leaves: dict[Definition | AtEntry, None] = {}
        for body, version in self.versions(use):
            leaves.update(dict.fromkeys(body.leaves(version)))
        return self._answer(variable, owner, leaves, use)

    def _answer(
        self,
        variable: Variable,
        owner: cst.CSTNode,
        leaves: dict[Definition | AtEntry, None],
        use: cst.Name,
    ) -> Reaching:
        in_class = variable[0].kind is ScopeKind.CLASS
        if AT_ENTRY in leaves or (in_class and any(is_deletion(each) for each in leaves)):
            around = self._from_around(variable, owner, use)
            if around is not None:
                leaves.pop(AT_ENTRY, None)
                leaves.update(dict.fromkeys(around))
        if leaves:
            leaves.update(dict.fromkeys(self._elsewhere(variable)))
        definitions = tuple(
            each for each in leaves if isinstance(each, Definition) and not is_deletion(each)
        )
        unbound = any(is_deletion(each) for each in leaves) or AT_ENTRY in leaves
        return Reaching(definitions, unbound, self._unknown(variable, definitions))

    def _from_around(
        self, variable: Variable, owner: cst.CSTNode, use: cst.Name
    ) -> Iterable[Definition | AtEntry] | None:
        """What the body that has the variable gives this one; None where this is that body."""
        scope = variable[0]
        home = self._bodies.scope_owner(scope)
        if home is not owner:
            return self._captured(variable, home, owner)
        outer = scope.module
        if scope.kind is ScopeKind.CLASS and use.value in outer.bindings:
            # Python looks for what a class body has not bound among the globals.
            above = (outer, use.value)
            return [*self._global(above, owner, use), *self._elsewhere(above)]
        return None

    def _global(
        self, variable: Variable, owner: cst.CSTNode, use: cst.Name
    ) -> Iterable[Definition | AtEntry]:
        if owner is not self._bodies.module:
            return self._captured(variable, self._bodies.module, owner)
        body = self._bodies.use_def(owner)
        versions = (body.version(variable, point) for point in body.graph.points[use])
        return [leaf for each in versions if each is not None for leaf in body.leaves(each)]

    def _captured(
        self, variable: Variable, home: cst.CSTNode, owner: cst.CSTNode
    ) -> Iterable[Definition | AtEntry]:
        """What is live in ``home`` when the function is made there, and what is bound later."""
        inner = owner
        while (above := self._bodies.owner(inner)) is not home:
            if above is self._bodies.module:
                return self._bodies.table.definitions.get(variable, ())
            inner = above
        body = self._bodies.use_def(home)
        graph = body.graph
        found: dict[Definition | AtEntry, None] = {}
        made = graph.points.get(inner, ())
        for point in made:
            version = body.version(variable, point)
            if version is not None:
                found.update(dict.fromkeys(body.leaves(version)))
        tree = graph.dominators
        always = False
        for place, definition in graph.definitions.get(variable, ()):
            if any(self.may_follow(graph, point, place) for point in made):
                found[definition] = None
                ends = [each for each in graph.exits if tree.reachable(each)]
                always = always or all(tree.dominates(place.block, each) for each in ends)
        if always:
            found.pop(AT_ENTRY, None)  # the function is meant to be called when it is bound
        return found

    def _elsewhere(self, variable: Variable) -> tuple[Definition, ...]:
        """Definitions in other bodies, through ``global`` and ``nonlocal``: at any time."""
        if variable[1] not in self._declared:
            return ()
        if variable not in self._outside:
            home = self._bodies.scope_owner(variable[0])
            self._outside[variable] = tuple(
                each
                for each in self._bodies.table.definitions.get(variable, ())
                if self._bodies.owner(each.node) is not home
            )
        return self._outside[variable]

    @cached_property
    def _declared(self) -> frozenset[str]:
        scopes = self._bodies.index.scopes.values()
        return frozenset(
            name for scope in scopes for name in (*scope.global_names, *scope.nonlocal_names)
        )

    def _unknown(
        self, variable: Variable, definitions: tuple[Definition, ...]
    ) -> frozenset[UnknownSource]:
        if variable[0].kind is not ScopeKind.MODULE:
            return frozenset()
        found = {UnknownSource.DYNAMIC} if self._writes_globals else set()
        stars = self._stars_may_bind(variable[1])
        graph = self._bodies.graph(self._bodies.module) if stars else None
        if graph is not None:
            places = [
                place for place, each in graph.definitions.get(variable, ()) if each in definitions
            ]
            if not places or any(
                self.may_follow(graph, place, star) for place in places for star in graph.stars
            ):
                found.add(UnknownSource.STAR_IMPORT)
        return frozenset(found)

    def _stars_may_bind(self, name: str) -> bool:
        return any(may_bind(origin, name) for origin, _ in self._bodies.index.star_imports)

    @cached_property
    def _writes_globals(self) -> bool:
        """Whether the file runs text, or writes to the dictionary of its globals."""
        parents = self._bodies.index.parents
        for name in ("exec", "globals"):
            for use in self._bodies.index.uses.get(name, ()):
                call = parents.get(use.node)
                if not isinstance(call, cst.Call) or use.scope.owner(name) is not None:
                    continue
                above = parents.get(call)
                if name == "exec" or isinstance(above, cst.Attribute):
                    return True
                if isinstance(above, cst.Subscript) and isinstance(
                    parents.get(above), cst.AssignTarget
                ):
                    return True
        return False

    # Conditions on the way.

    def branches_on_way(self, use: cst.Name, definition: Definition) -> frozenset[Branch]:
        """The branches that every way from ``definition`` to ``use`` takes, those to both aside."""
        ways = [
            _branches(body, version, definition)
            for body, version in self.versions(use)
            if isinstance(version, Phi)
        ]
        found = [way for way in ways if way is not None]
        return frozenset.intersection(*found) if found else frozenset()


def _branches(body: UseDef, root: Phi, wanted: Definition) -> frozenset[Branch] | None:
    """The branches common to all chains of phis from ``root`` to ``wanted``."""
    on_way: dict[Phi | Definition | AtEntry, frozenset[Branch]] = {root: frozenset()}
    pending: list[Phi] = [root]
    while pending:
        phi = pending.pop()
        for operand, block in body.operands(phi):
            branches = on_way[phi] | _between(body.graph, block, phi.block)
            known = on_way.get(operand)
            merged = branches if known is None else known & branches
            if merged != known:
                on_way[operand] = merged
                if isinstance(operand, Phi):
                    pending.append(operand)
    return on_way.get(wanted)


def _between(graph: Graph, block: int, join: int) -> frozenset[Branch]:
    """The branches taken between the dominator of ``join`` and the end of ``block``."""
    tree = graph.dominators
    top = tree.parent[join]
    found = set()
    while block not in (top, ENTRY, -1):
        if block in graph.branches:
            found.add(graph.branches[block])
        block = tree.parent[block]
    return frozenset(found)
