"""Forwards: the uses that a value comes to. The mirror image of the search for sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.flow.arrivals import (
    Answer,
    Arrival,
    Arrivals,
    FirstAnswers,
    Place,
    Stops,
    never_stops,
)
from torchdet.facts.flow.definitions import (
    Definition,
    Each,
    Entered,
    Item,
    Member,
    Path,
    PathGuard,
    Step,
    path_left,
    subscript_step,
)
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.parts import FlowParts
    from torchdet.facts.flow.sources import Transfer

_PUTTING = frozenset({"append", "add", "appendleft", "put", "insert", "setdefault"})
_POURING = frozenset({"extend", "update"})


@dataclass(frozen=True, slots=True)
class _Member:
    """An attribute of the instances of a class: all its stores lead here, all its reads begin."""

    owner: cst.ClassDef
    name: str


@dataclass(frozen=True, slots=True)
class _Holder:
    """What has the value, at ``path`` inside: an expression, or a variable that others read."""

    node: cst.BaseExpression | Definition | _Member
    path: Path = ()
    captured: bool = False


class DestinationSearch:
    """One search. It visits each (holder, path) once, so that it ends."""

    def __init__(
        self,
        parts: FlowParts,
        transfer: Transfer,
        stops: Stops = never_stops,
        *,
        inside: bool = False,
    ) -> None:
        self._parts = parts
        self._transfer = transfer
        self._stops = stops
        self._inside = inside
        self._parents = parts.bodies.index.parents
        self._pending: list[_Holder] = []
        self._guard = PathGuard()

    def run(self, node: cst.BaseExpression) -> Arrivals:
        """All uses that the value of ``node`` comes to."""
        found: list[Arrival] = []
        seen: set[Place] = set()
        complete = True
        pending = [_Holder(node)]
        while pending:
            holder = pending.pop()
            place = (holder.node, holder.path)
            if place in seen:
                continue
            if not self._guard.admits(*place):
                complete = False
                continue
            seen.add(place)
            arrival, further = self._visit(holder)
            pending += further
            if arrival is not None:
                found.append(arrival)
        return Arrivals(tuple(found), complete)

    def first(
        self,
        node: cst.BaseExpression,
        answer: Callable[[Arrival], Answer | None],
        known: FirstAnswers[Answer],
    ) -> Answer | None:
        """The answer to one of the uses that the value of ``node`` comes to.

        All searches that share ``known`` together visit each place about once: where one found
        nothing, none looks again, and where one found an answer, all stop.
        """
        visited: list[Place] = []
        seen: set[Place] = set()
        complete = True
        found: Answer | None = None
        start = _Holder(node)
        way: list[tuple[Place, list[_Holder]]] = [((start, ()), [start])]
        while way and found is None:
            further = way[-1][1]
            if not further:
                way.pop()
                continue
            holder = further.pop()
            place = (holder.node, holder.path)
            found = known.by_place.get(place)
            if place in known.by_place or place in seen:
                continue
            if not self._guard.admits(*place):
                complete = False
                continue
            seen.add(place)
            visited.append(place)
            arrival, onwards = self._visit(holder)
            way.append((place, onwards))
            found = answer(arrival) if arrival is not None else None
        if found is not None:
            visited = [place for place, _ in way[1:]]
        elif not complete:
            visited = visited[:1]
        known.by_place.update(dict.fromkeys(visited, found))
        return found

    def _visit(self, holder: _Holder) -> tuple[Arrival | None, list[_Holder]]:
        """The use where ``holder`` stands, and who has the value next."""
        further: list[_Holder] = []
        self._pending = further
        if isinstance(holder.node, Definition):
            uses = self._parts.name_uses.of(holder.node)
            return None, [_Holder(each.node, holder.path, each.captured) for each in uses]
        if isinstance(holder.node, _Member):
            reads = self._parts.attributes.read(holder.node.owner, holder.node.name)
            return None, [_Holder(each, holder.path) for each in reads]
        if holder.node not in self._parents:
            return None, []
        use = self._parts.use(holder.node)
        if holder.captured:
            use = replace(use, captured=True)
        if self._stops(use):
            return None, []
        known = self._go_on(holder, holder.node, use)
        ends = use.kind is UseKind.AUGMENTED  # the names go on, what is done to them is an end
        return Arrival(use, holder.path, known or (bool(further) and not ends)), further

    def _follow(self, node: cst.CSTNode, path: Path = ()) -> None:
        if isinstance(node, cst.BaseExpression):
            self._pending.append(_Holder(node, path))

    def _go_on(self, holder: _Holder, node: cst.BaseExpression, use: Use) -> bool:
        """Follow who has the value next; True where nobody needs to."""
        by = use.by
        passing = self._passing(use)
        if passing is not None:
            self._follow(passing, holder.path)
        elif self._inside:
            return self._go_on_inside(holder, use)
        elif use.kind in _BINDING:
            return self._bound(by, holder)
        elif use.kind is UseKind.ARGUMENT and isinstance(by, cst.Call):
            self._argument(by, node, holder.path)
        elif use.kind is UseKind.RETURNED:
            self._returned(node, holder.path)
        elif use.kind in (UseKind.ELEMENT, UseKind.UNPACKED):
            self._element(by, holder, node, use)
        elif use.kind is UseKind.SUBSCRIPTED and isinstance(by, cst.Subscript):
            self._part(by, subscript_step(by), holder)
        elif use.kind is UseKind.ATTRIBUTE and isinstance(by, cst.Attribute):
            self._part(by, Member(by.attr.value), holder)
        elif use.kind in (UseKind.ITERATED, UseKind.ENTERED):
            self._targets(by, holder, Each() if use.kind is UseKind.ITERATED else Entered())
        return False

    def _go_on_inside(self, holder: _Holder, use: Use) -> bool:
        """Follow names alone; what an operator changes in place stays the name's value."""
        if use.kind is UseKind.AUGMENTED:
            self._bound(use.by, holder)
            return False
        return _names_alone(use) and self._bound(use.by, holder)

    def _passing(self, use: Use) -> cst.BaseExpression | None:
        """The expression around ``use`` that has its value too, by itself or as the rule says."""
        by = use.by
        if isinstance(by, cst.Attribute):
            above = self._parents[by]
            by = above if isinstance(above, cst.Call) and above.func is by else by
        if isinstance(by, cst.FormattedStringExpression):
            by = self._parents[by]
        while isinstance(by, cst.CompFor):
            by = self._parents[by]
        if not isinstance(by, cst.BaseExpression):
            return None
        passes = use.kind in (UseKind.CHOSEN, UseKind.AWAITED) or any(
            each is use.node for each in self._transfer(by) or ()
        )
        return by if passes else None

    # Names and attributes.

    def _bound(self, by: cst.CSTNode, holder: _Holder) -> bool:
        """The names and attributes that get the value, or a part of which has it."""
        targets: list[cst.CSTNode] = []
        if isinstance(by, cst.Assign):
            targets = [each.target for each in by.targets]
        elif isinstance(by, (cst.AnnAssign, cst.NamedExpr, cst.AugAssign)):
            targets = [by.target]
        elif isinstance(by, cst.Param):
            targets = [by]
        for target in targets:
            self._assign(target, holder.path)
        if isinstance(by, cst.NamedExpr):
            self._follow(by, holder.path)
        return bool(targets)

    def _assign(self, target: cst.CSTNode, path: Path) -> None:
        pending: list[cst.CSTNode] = [target]
        while pending:
            node = pending.pop()
            if isinstance(node, (cst.Tuple, cst.List)):
                pending.extend(each.value for each in node.elements)
            elif isinstance(node, cst.StarredElement):
                pending.append(node.value)
            else:
                left = path_left(self._parts.bound(node).path, path)
                if left is not None:
                    self._stored(node, left)

    def _stored(self, target: cst.CSTNode, path: Path) -> None:
        if isinstance(target, (cst.Name, cst.Param)):
            self._bound_to(target, path)
        elif isinstance(target, cst.Attribute):
            self._attribute(target, path)
        elif isinstance(target, cst.Subscript):
            self._fill(target.value, (subscript_step(target), *path))

    def _bound_to(self, node: cst.CSTNode, path: Path) -> None:
        """The variable that ``node`` binds has the value: so has the attribute of its class."""
        found = self._parts.bodies.table.bound.get(node)
        if found is None:
            return
        (scope, name), definition = found
        self._definition(definition, path)
        if isinstance(scope.node, cst.ClassDef):
            self._member(scope.node, name, path)

    def _definition(self, definition: Definition, path: Path) -> None:
        if self._parts.name_uses.of(definition):
            self._pending.append(_Holder(definition, path))

    def _member(self, owner: cst.ClassDef, name: str, path: Path) -> None:
        if self._parts.attributes.read(owner, name):
            self._pending.append(_Holder(_Member(owner, name), path))

    def _attribute(self, target: cst.Attribute, path: Path) -> None:
        owner = self._parts.attributes.class_of_self(target.value)
        if owner is None:
            self._fill(target.value, (Member(target.attr.value), *path))
            return
        self._member(owner, target.attr.value, path)

    def _fill(self, container: cst.BaseExpression, path: Path) -> None:
        """``container`` has the value at ``path`` now: so have all uses of its definitions."""
        if isinstance(container, cst.Name):
            for definition in self._parts.reaching.of(container).definitions:
                self._definition(definition, path)
        elif isinstance(container, cst.Attribute):
            owner = self._parts.attributes.class_of_self(container.value)
            if owner is not None:
                self._member(owner, container.attr.value, path)

    # Calls.

    def _argument(self, call: cst.Call, node: cst.BaseExpression, path: Path) -> None:
        arg = self._parents[node]
        if not isinstance(arg, cst.Arg):
            return
        for callee in self._parts.calls.callees(call):
            parameter = self._parts.calls.parameter(call, arg, callee)
            if parameter is not None and not parameter.star:
                self._bound_to(parameter, path)
            field = self._parts.calls.field_filled(call, arg, callee)
            if field is not None and callee.made is not None:
                self._member(callee.made, field, path)
        self._option(call, node, path)
        if isinstance(call.func, cst.Attribute):
            name = call.func.attr.value
            if name in _PUTTING and call.args[-1] is arg:
                self._fill(call.func.value, (Each(), *path))
            elif name in _POURING:
                self._fill(call.func.value, path)

    def _option(self, call: cst.Call, node: cst.BaseExpression, path: Path) -> None:
        """The default of an option: parsed arguments have it, or a parameter that click fills."""
        option = self._parts.options.declared_by(call)
        if option is None or not option.gives(node):
            return
        for parameter in self._parts.options.parameters(option):
            self._bound_to(parameter, path)
        for namespace, before in self._parts.options.namespaces:
            for name in option.names:
                self._follow(namespace, (*before, Member(name), *path))

    def _returned(self, node: cst.BaseExpression, path: Path) -> None:
        function = self._parts.bodies.owner(node)
        if isinstance(function, (cst.FunctionDef, cst.Lambda)):
            for call in self._parts.calls.callers(function).calls:
                self._follow(call, path)
        if isinstance(function, cst.FunctionDef):
            for read in self._parts.calls.property_reads(function):
                self._follow(read, path)

    # Containers.

    def _element(
        self, container: cst.CSTNode, holder: _Holder, node: cst.BaseExpression, use: Use
    ) -> None:
        parent = self._parents[node]
        if use.kind is UseKind.UNPACKED:
            if isinstance(container, cst.BaseExpression) and not isinstance(container, cst.Call):
                self._follow(container, holder.path)
            elif isinstance(container, (cst.Assign, cst.AnnAssign)):
                self._bound(container, holder)
            return
        step: Step = Each()
        if isinstance(parent, cst.DictElement):
            key = string_value(parent.key)
            step = Item(key) if key is not None else Each()
        elif isinstance(use.slot, int):
            step = Item(use.slot)
        self._follow(container, (step, *holder.path))

    def _part(self, by: cst.BaseExpression, step: Step, holder: _Holder) -> None:
        left = path_left((step,), holder.path)
        if left is not None:
            self._follow(by, left)

    def _targets(self, by: cst.CSTNode, holder: _Holder, step: Step) -> None:
        """A loop or a ``with``: its targets get what the container has."""
        target: cst.CSTNode | None = None
        if isinstance(by, (cst.For, cst.CompFor)):
            target = by.target
        elif isinstance(by, cst.WithItem) and by.asname is not None:
            target = by.asname.name
        if target is not None and (holder.path or isinstance(step, Entered)):
            self._assign(target, holder.path or (Entered(),))


_BINDING = frozenset(
    {UseKind.REBOUND, UseKind.STORED_ATTRIBUTE, UseKind.STORED_ITEM, UseKind.DEFAULT}
)


def _names_alone(use: Use) -> bool:
    """Whether the use gives the value to names, and to nothing else."""
    by = use.by
    targets = [each.target for each in by.targets] if isinstance(by, cst.Assign) else []
    return use.kind is UseKind.REBOUND and all(isinstance(each, cst.Name) for each in targets)
