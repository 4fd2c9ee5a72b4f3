"""Between the calls of functions of the file and those functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, last_name
from torchdet.facts.flow.definitions import Definition, DefinitionKind
from torchdet.facts.flow.expression_flow import parameters
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.attributes import Attributes
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.reaching_definitions import ReachingDefinitions

Function = cst.FunctionDef | cst.Lambda


@dataclass(frozen=True, slots=True, eq=False)
class Callee:
    """A function that a call can run.

    ``bound`` is how many of its first parameters the call fills by itself (``self``), ``made``
    the class whose instance the call makes.
    """

    function: Function | None
    bound: int = 0
    made: cst.ClassDef | None = None


@dataclass(frozen=True, slots=True)
class Callers:
    """The calls of a function in the file; ``complete`` when no other can exist.

    That is so for functions inside others and those with a leading underscore, where each use of
    the name is a call and no decorator hands the function on.
    """

    calls: tuple[cst.Call, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Returns:
    """What a function returns: ``falls_through`` when it can end without a ``return value``."""

    values: tuple[cst.BaseExpression, ...]
    falls_through: bool
    yields: bool


class FileCalls:
    """Resolves calls within one file."""

    def __init__(
        self, bodies: Bodies, reaching: ReachingDefinitions, attributes: Attributes
    ) -> None:
        self._bodies = bodies
        self._reaching = reaching
        self._attributes = attributes
        self._callees: dict[cst.Call, tuple[Callee, ...]] = {}
        self._returns: dict[Function, Returns] = {}

    def callees(self, call: cst.Call) -> tuple[Callee, ...]:
        """The functions of the file that ``call`` can run; none when it may run others."""
        found = self._callees.get(call)
        if found is None:
            found = self._callees[call] = tuple(self._find(call.func))
        return found

    def _find(self, func: cst.BaseExpression) -> list[Callee]:
        if isinstance(func, cst.Lambda):
            return [Callee(func)]
        if isinstance(func, cst.Name):
            return self._of_name(func)
        if isinstance(func, cst.Attribute):
            method = self._of_attribute(func)
            return [method] if method is not None else []
        return []

    def _of_name(self, func: cst.Name) -> list[Callee]:
        owner = self._attributes.class_of_self(func)
        if owner is not None:  # cls(...)
            return [self._constructor(owner)]
        found: list[Callee] = []
        reaching = self._reaching.of(func)
        for each in reaching.definitions:
            callee = self._of_definition(each)
            if callee is None:
                return []
            found.append(callee)
        return found if not reaching.unknown else []

    def _of_definition(self, definition: Definition) -> Callee | None:
        if isinstance(definition.node, cst.FunctionDef):
            return Callee(definition.node)
        if isinstance(definition.node, cst.ClassDef):
            return self._constructor(definition.node)
        if definition.kind is DefinitionKind.ASSIGNMENT and isinstance(
            definition.value, cst.Lambda
        ):
            return Callee(definition.value)
        return None

    def _constructor(self, owner: cst.ClassDef) -> Callee:
        return Callee(self._attributes.method(owner, "__init__"), 1, owner)

    def _of_attribute(self, func: cst.Attribute) -> Callee | None:
        value = func.value
        owner = self._attributes.class_of_self(value)
        on_instance = owner is not None
        if owner is None and isinstance(value, cst.Name):
            owner = self._attributes.class_named(value)
            if owner is None:
                owner = self._class_of_instance(value)
                on_instance = owner is not None
        elif owner is None and isinstance(value, cst.Call):
            owner, on_instance = self._made_by(value), True
        method = self._attributes.method(owner, func.attr.value) if owner is not None else None
        if method is None:
            return None
        decorators = {last_name(each.decorator) for each in method.decorators}
        if "staticmethod" in decorators:
            return Callee(method, 0)
        return Callee(method, 1 if on_instance or "classmethod" in decorators else 0)

    def _class_of_instance(self, name: cst.Name) -> cst.ClassDef | None:
        only = self._reaching.of(name).only
        if only is None or not isinstance(only.value, cst.Call) or only.path:
            return None
        return self._made_by(only.value)

    def _made_by(self, call: cst.Call) -> cst.ClassDef | None:
        return self._attributes.class_named(call.func)

    def given(
        self, call: cst.Call, function: Function, parameter: cst.Param
    ) -> cst.BaseExpression | None:
        """The argument that ``call`` gives to ``parameter``; None for its default, or unseen."""
        name, bound = parameter.name.value, self._bound(call, function)
        positional = [*function.params.posonly_params, *function.params.params]
        place = next((p - bound for p, each in enumerate(positional) if each is parameter), None)
        for position, arg in enumerate(call.args):
            if arg.keyword is not None:
                if arg.keyword.value == name:
                    return arg.value
            elif arg.star:
                place = None
            elif position == place:
                return arg.value
        return None

    def field_given(self, call: cst.Call, callee: Callee, name: str) -> cst.BaseExpression | None:
        """The argument that fills the field ``name`` of a class without an ``__init__``."""
        if callee.function is not None or callee.made is None:
            return None
        names = self._attributes.fields(callee.made)
        place = names.index(name) if name in names else None
        found = argument(call, name, place)
        return found.value if found is not None else None

    def field_filled(self, call: cst.Call, arg: cst.Arg, callee: Callee) -> str | None:
        """The field of a class without an ``__init__`` that ``arg`` fills."""
        if callee.function is not None or callee.made is None or arg.star:
            return None
        if arg.keyword is not None:
            return arg.keyword.value
        place = next(place for place, each in enumerate(call.args) if each is arg)
        names = self._attributes.fields(callee.made)
        return names[place] if place < len(names) else None

    def fields_given(self, owner: cst.ClassDef, name: str) -> list[cst.BaseExpression]:
        """What fills the field ``name`` of a data class wherever the file makes an instance."""
        made = self._constructions.get(owner, ())
        given = (self.field_given(call, callee, name) for call, callee in made)
        return [each for each in given if each is not None]

    @cached_property
    def _constructions(self) -> dict[cst.ClassDef, list[tuple[cst.Call, Callee]]]:
        """The calls that make an instance of a class without an ``__init__``, by class."""
        table, parents = self._bodies.table, self._bodies.index.parents
        found: dict[cst.ClassDef, list[tuple[cst.Call, Callee]]] = {}
        named = [
            use
            for node, (variable, _) in table.bound.items()
            if isinstance(node, cst.ClassDef)
            for use in table.uses.get(variable, ())
        ]
        for use in (*named, *table.uses_named("cls")):
            call = parents.get(use)
            if not isinstance(call, cst.Call) or call.func is not use:
                continue
            for callee in self.callees(call):
                if callee.made is not None and callee.function is None:
                    found.setdefault(callee.made, []).append((call, callee))
        return found

    def returns(self, function: Function) -> Returns:
        """What a call of ``function`` can return; worked out once."""
        found = self._returns.get(function)
        if found is None:
            found = self._returns[function] = self._find_returns(function)
        return found

    def _find_returns(self, function: Function) -> Returns:
        if isinstance(function, cst.Lambda):
            return Returns((function.body,), falls_through=False, yields=False)
        graph = self._bodies.graph(function)
        tree = graph.dominators
        values: list[cst.BaseExpression] = []
        bare = False
        yields = False
        for node, points in graph.points.items():
            yields = yields or isinstance(node, cst.Yield)
            if isinstance(node, cst.Return) and any(tree.reachable(p.block) for p in points):
                bare = bare or node.value is None
                values += [node.value] if node.value is not None else []
        return Returns(tuple(values), bare or tree.reachable(graph.end), yields)

    def has_hidden(self, call: cst.Call) -> bool:
        """Whether ``*args`` or ``**kwargs`` of the call may fill any parameter."""
        return any(arg.star for arg in call.args)

    def parameter(self, call: cst.Call, arg: cst.Arg, callee: Callee) -> cst.Param | None:
        """The parameter of the callee that receives ``arg``."""
        function = callee.function
        if function is None or arg.star:
            return None
        if arg.keyword is not None:
            named = [p for p in parameters(function) if p.name.value == arg.keyword.value]
            found = named[0] if named else function.params.star_kwarg
            return found if isinstance(found, cst.Param) else None
        place = next(place for place, each in enumerate(call.args) if each is arg)
        if any(each.star for each in call.args[:place]):
            return None
        positional = [*function.params.posonly_params, *function.params.params]
        place += callee.bound
        if place < len(positional):
            return positional[place]
        star = function.params.star_arg
        return star if isinstance(star, cst.Param) else None

    def _bound(self, call: cst.Call, function: Function) -> int:
        return next((e.bound for e in self.callees(call) if e.function is function), 0)

    def callers(self, function: Function) -> Callers:
        """The calls of ``function`` in the file."""
        if isinstance(function, cst.Lambda):
            return Callers((), complete=False)
        name = function.name.value
        calls: list[cst.Call] = []
        complete = self._is_private(function)
        for node in self._named(function, name):
            above = self._bodies.index.parents[node]
            if isinstance(above, cst.Call) and above.func is node:
                if any(each.function is function for each in self.callees(above)):
                    calls.append(above)
            elif complete:
                complete = isinstance(node, cst.Attribute) and not self._is_method(function)
        return Callers(tuple(calls), complete)

    def property_reads(self, function: cst.FunctionDef) -> list[cst.BaseExpression]:
        """Where the file reads the property that ``function`` is, on ``self``."""
        owner = self._class_around(function)
        decorators = [last_name(each.decorator) or "" for each in function.decorators]
        if owner is None or not any("property" in each for each in decorators):
            return []
        return self._attributes.read(owner, function.name.value)

    def _named(self, function: cst.FunctionDef, name: str) -> list[cst.BaseExpression]:
        """The uses of the name of ``function``, and of the class that it constructs."""
        table = self._bodies.table
        found: list[cst.BaseExpression] = []
        if name == "__init__":
            owner = self._class_around(function)
            known = table.bound.get(owner) if owner is not None else None
            uses = table.uses.get(known[0], ()) if known is not None else ()
            found.extend(uses)
            found.extend(use for use in table.uses_named("cls"))
            return found
        variable = table.bound[function][0]
        found.extend(table.uses.get(variable, ()))
        if self._is_method(function):
            found.extend(self._members.get(name, ()))
        return found

    @cached_property
    def _members(self) -> dict[str, list[cst.Attribute]]:
        """The dotted expressions of the file, by the attributes that they read."""
        parents = self._bodies.index.parents
        found: dict[str, list[cst.Attribute]] = {}
        for name in self._bodies.table.used_in:
            node = parents[name]
            while isinstance(node, cst.Attribute):
                found.setdefault(node.attr.value, []).append(node)
                node = parents[node]
        return found

    def _is_method(self, function: cst.FunctionDef) -> bool:
        return self._class_around(function) is not None

    def _class_around(self, function: cst.FunctionDef) -> cst.ClassDef | None:
        variable = self._bodies.table.bound[function][0]
        node = variable[0].node
        return node if isinstance(node, cst.ClassDef) else None

    def _is_private(self, function: cst.FunctionDef) -> bool:
        name = function.name.value
        if function.decorators or (name.startswith("__") and name.endswith("__")):
            return False
        variable = self._bodies.table.bound[function][0]
        nested = isinstance(variable[0].node, cst.FunctionDef)
        return nested or name.startswith("_")
