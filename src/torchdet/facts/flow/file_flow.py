"""The questions about the flow of values and control in one file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from torchdet.facts.flow.arrivals import (
    Answer,
    Arrival,
    Arrivals,
    FirstAnswers,
    Stops,
    never_stops,
)
from torchdet.facts.flow.attributes import Attributes
from torchdet.facts.flow.bodies import Bodies
from torchdet.facts.flow.branch_conditions import Condition, Conditions, Way
from torchdet.facts.flow.calls import Callee, Callers, FileCalls, Function, Returns
from torchdet.facts.flow.command_line import Options
from torchdet.facts.flow.definitions import Definition, Path
from torchdet.facts.flow.destinations import DestinationSearch
from torchdet.facts.flow.graph import Branch
from torchdet.facts.flow.implications import Classify, Fact, Implications
from torchdet.facts.flow.name_uses import NameUses
from torchdet.facts.flow.order import Order, RunOrder
from torchdet.facts.flow.parts import FlowParts
from torchdet.facts.flow.reaching_definitions import Reaching, ReachingDefinitions
from torchdet.facts.flow.sources import Sources, Transfer, nothing_passes
from torchdet.facts.flow.succession import Succession
from torchdet.facts.flow.uses import Use
from torchdet.facts.flow.values import SourceSearch
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.index import Index
    from torchdet.facts.resolve import Resolver


class FileFlow:
    """One def-use map for the file. Nothing is worked out before it is asked for.

    It knows no ``FileFacts``, which holds it: a circle would keep the tree alive.
    """

    def __init__(self, module: cst.Module, index: Index, resolver: Resolver) -> None:
        bodies = Bodies(module, index, resolver)
        reaching = ReachingDefinitions(bodies)
        attributes = Attributes(bodies, reaching)
        self._parts = FlowParts(
            bodies,
            reaching,
            Conditions(bodies, reaching),
            attributes,
            FileCalls(bodies, reaching, attributes),
            Options(bodies, attributes),
            NameUses(bodies, reaching),
        )
        self.order = RunOrder(bodies, reaching)

    # Names.

    def definitions(self, use: cst.Name) -> Reaching:
        """The definitions that ``use`` can see, and whether it may see none, or unknown ones."""
        return self._parts.reaching.of(use)

    def branches(self, use: cst.Name, definition: Definition) -> frozenset[Branch]:
        """The tests whose outcome decides that ``use`` sees ``definition`` and not another."""
        return self._parts.reaching.branches_on_way(use, definition)

    def definition(self, node: cst.CSTNode) -> Definition | None:
        """The definition that ``node`` makes: a target, parameter, alias, function or class."""
        found = self._parts.bodies.table.bound.get(node)
        return found[1] if found is not None else None

    def uses(self, definition: Definition) -> tuple[Use, ...]:
        """Every use that can see ``definition``, with what it does."""
        return self._parts.name_uses.of(definition)

    def use(self, node: cst.BaseExpression) -> Use:
        """What is done with the value of ``node`` right where it stands."""
        return self._parts.use(node)

    def is_dead(self, definition: Definition) -> bool:
        """Whether no use of the file can see ``definition``."""
        return not self.uses(definition)

    def names(self) -> Iterable[cst.Name]:
        """Every use of a name in the code of the file; those in strings are left out."""
        parents = self._parts.bodies.index.parents
        used = self._parts.bodies.table.used_in
        return (name for name in used if isinstance(name, cst.Name) and name in parents)

    def steps(self) -> int:
        """The work that has been done so far, for tests of its growth."""
        return self._parts.bodies.steps()

    # Values.

    def sources(
        self, node: cst.BaseExpression, transfer: Transfer = nothing_passes, path: Path = ()
    ) -> Sources:
        """Where the value of ``node``, or the part of it at ``path``, can come from."""
        return SourceSearch(self._parts, transfer).run(node, path)

    def reaches(
        self,
        node: cst.BaseExpression,
        transfer: Transfer = nothing_passes,
        stops: Stops = never_stops,
        *,
        inside: bool = False,
    ) -> Arrivals:
        """The uses that the value of ``node`` comes to, without those where it ``stops``.

        ``inside`` follows names, ``+=`` to them, and what the ``transfer`` says: calls, containers
        and attributes that get the value are ends.
        """
        return DestinationSearch(self._parts, transfer, stops, inside=inside).run(node)

    def first(
        self,
        node: cst.BaseExpression,
        answer: Callable[[Arrival], Answer | None],
        known: FirstAnswers[Answer],
        transfer: Transfer = nothing_passes,
        stops: Stops = never_stops,
    ) -> Answer | None:
        """The answer to one of the uses that the value of ``node`` comes to.

        Ask with the same ``known`` whenever ``answer``, ``transfer`` and ``stops`` are the same.
        """
        return DestinationSearch(self._parts, transfer, stops).first(node, answer, known)

    # Functions and classes.

    def callees(self, call: cst.Call) -> tuple[Callee, ...]:
        """The functions of the file that ``call`` can run; none when it may run others."""
        return self._parts.calls.callees(call)

    def callers(self, function: Function) -> Callers:
        """The calls of ``function`` in the file, and whether there can be others."""
        return self._parts.calls.callers(function)

    def parameter(self, call: cst.Call, arg: cst.Arg) -> cst.Param | None:
        """The one parameter of a function of the file that receives ``arg``."""
        callees = self.callees(call)
        return self._parts.calls.parameter(call, arg, callees[0]) if len(callees) == 1 else None

    def given(self, call: cst.Call, parameter: cst.Param) -> cst.BaseExpression | None:
        """What ``call`` passes to a parameter of its callee; None for the default, or unseen."""
        function = self._parts.bodies.owner(parameter)
        if not isinstance(function, (cst.FunctionDef, cst.Lambda)):
            return None
        return self._parts.calls.given(call, function, parameter)

    def hides(self, call: cst.Call) -> bool:
        """Whether ``*args`` or ``**kwargs`` of the call may fill any parameter."""
        return self._parts.calls.has_hidden(call)

    def returns(self, function: Function) -> Returns:
        """What a call of ``function`` can return."""
        return self._parts.calls.returns(function)

    def class_of_self(self, name: cst.BaseExpression) -> cst.ClassDef | None:
        """The class of the file whose instance the name (``self``) is in its methods."""
        return self._parts.attributes.class_of_self(name)

    @property
    def attributes(self) -> Attributes:
        """What the classes of the file store and read in attributes."""
        return self._parts.attributes

    @property
    def options(self) -> Options:
        """The command-line options that the file declares."""
        return self._parts.options

    # Conditions and order.

    def conditions(self, node: cst.CSTNode) -> tuple[Condition, ...]:
        """The tests on every way to ``node`` in its body with their outcome, the nearest first."""
        return self._parts.conditions.of(node)

    def way(self, node: cst.CSTNode) -> Way | None:
        """The branches on every way to ``node`` in its body, as a list shared between nodes."""
        return self._parts.conditions.way(node)

    def facts(self, node: cst.CSTNode, classify: Classify[Fact]) -> frozenset[Fact]:
        """What the conditions of ``node`` that are still current imply, as ``classify`` says."""
        current = [each for each in self.conditions(node) if each.current and not each.pattern]
        return self.implied(((each.test, each.holds) for each in current), classify)

    def implied(
        self, outcomes: Iterable[tuple[cst.BaseExpression, bool]], classify: Classify[Fact]
    ) -> frozenset[Fact]:
        """What the outcomes of tests imply; a test that cannot come out so implies nothing."""
        implications = Implications(self._parts, classify)
        found: frozenset[Fact] = frozenset()
        for test, holds in outcomes:
            found |= implications.of(test, holds) or frozenset()
        return found

    def succession(self, node: cst.CSTNode, nodes: Collection[cst.CSTNode]) -> Succession:
        """The order in which ``nodes`` run in the body that ``node`` belongs to."""
        return Succession(self._parts.bodies, self._parts.bodies.owner(node), nodes)

    def before(self, first: cst.CSTNode, second: cst.CSTNode) -> Order:
        """Whether ``first`` has run when ``second`` runs: certainly, possibly, never."""
        return self.order.before(first, second)
