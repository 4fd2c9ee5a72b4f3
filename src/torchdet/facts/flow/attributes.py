"""The attributes of the classes of a file: what is stored in them, and where they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, is_constant, last_name, string_value
from torchdet.facts.flow.definitions import DefinitionKind, Path, bound_by
from torchdet.facts.flow.expression_flow import parameters
from torchdet.facts.flow.uses import is_target
from torchdet.facts.lazy import cst
from torchdet.torch_api.returns import REGISTERING_METHODS

if TYPE_CHECKING:
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.reaching_definitions import ReachingDefinitions

_OBJECT = frozenset({"builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC"})


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """One place that gives an attribute its value: the part of ``value`` at ``path``.

    ``node`` is the target, or the call that registers. ``value`` is None where the place gives it
    none that the file shows.
    """

    node: cst.CSTNode
    value: cst.BaseExpression | None
    path: Path = ()
    annotation: cst.BaseExpression | None = None

    @property
    def registered(self) -> str | None:
        """The method of a module that registers it; None where it is assigned."""
        name = last_name(self.node.func) if isinstance(self.node, cst.Call) else None
        return name if name in REGISTERING_METHODS else None


@dataclass(slots=True)
class ClassMembers:
    """The attributes of ``self`` and of the class body, by name."""

    stored: dict[str, list[Stored]] = field(default_factory=dict)
    read: dict[str, list[cst.BaseExpression]] = field(default_factory=dict)
    methods: dict[str, cst.FunctionDef] = field(default_factory=dict)


class Attributes:
    """The classes of one file, read once."""

    def __init__(self, bodies: Bodies, reaching: ReachingDefinitions) -> None:
        self._bodies = bodies
        self._reaching = reaching

    def class_of_self(self, name: cst.CSTNode) -> cst.ClassDef | None:
        """The class whose instance (or which itself) the use ``name`` is: ``self`` or ``cls``."""
        variable = self._bodies.table.variable(name)
        if variable is None:
            return None
        found = self._bodies.table.definitions[variable]
        only = found[0].node if len(found) == 1 else None
        return self.owner_of_first(only) if isinstance(only, cst.Param) else None

    def members(self, owner: cst.ClassDef) -> ClassMembers:
        """The members that the class itself has, without those of its bases."""
        return self._members.setdefault(owner, ClassMembers())

    def stored(self, owner: cst.ClassDef, name: str) -> tuple[tuple[Stored, ...], bool]:
        """What is stored under ``name`` by the class, its bases and heirs in the file.

        False when a base from elsewhere may store it as well.
        """
        family, complete = self.family(owner)
        found = [each for one in family for each in self.members(one).stored.get(name, ())]
        return tuple(found), complete

    def read(self, owner: cst.ClassDef, name: str) -> list[cst.BaseExpression]:
        """Where the class, its bases and heirs in the file read the attribute."""
        family, _ = self.family(owner)
        return [each for one in family for each in self.members(one).read.get(name, ())]

    def method(self, owner: cst.ClassDef, name: str) -> cst.FunctionDef | None:
        """The method that an instance of ``owner`` has under ``name``, if the file defines it."""
        for one in self.line(owner)[0]:
            found = self.members(one).methods.get(name)
            if found is not None:
                return found
        return None

    def line(self, owner: cst.ClassDef) -> tuple[list[cst.ClassDef], bool]:
        """The class and its bases in the file; False when a base comes from elsewhere."""
        found = [owner]
        complete = True
        for one in found:
            for base in one.bases:
                above = self.class_named(base.value)
                if above is None:
                    names = self._bodies.resolve(base.value)
                    complete = complete and bool(names) and set(names) <= _OBJECT
                elif above not in found:
                    found.append(above)
        return found, complete

    def family(self, owner: cst.ClassDef) -> tuple[list[cst.ClassDef], bool]:
        """The class with its bases and heirs in the file."""
        line, complete = self.line(owner)
        heirs = [owner]
        for one in heirs:
            heirs += [each for each in self._heirs.get(one, ()) if each not in heirs]
        return [*line, *(each for each in heirs if each not in line)], complete

    def class_named(self, node: cst.BaseExpression) -> cst.ClassDef | None:
        """The class of the file that the expression names."""
        if not isinstance(node, cst.Name):
            return None
        found = self._reaching.of(node).definitions
        only = found[0].node if len(found) == 1 else None
        return only if isinstance(only, cst.ClassDef) else None

    @cached_property
    def _heirs(self) -> dict[cst.ClassDef, list[cst.ClassDef]]:
        heirs: dict[cst.ClassDef, list[cst.ClassDef]] = {}
        for owner in self._bodies.index.scopes:
            if isinstance(owner, cst.ClassDef):
                for base in owner.bases:
                    above = self.class_named(base.value)
                    if above is not None:
                        heirs.setdefault(above, []).append(owner)
        return heirs

    @cached_property
    def _members(self) -> dict[cst.ClassDef, ClassMembers]:
        members: dict[cst.ClassDef, ClassMembers] = {}
        table = self._bodies.table
        for (scope, name), definitions in table.definitions.items():
            if isinstance(scope.node, cst.ClassDef):
                owned = members.setdefault(scope.node, ClassMembers())
                for each in definitions:
                    if isinstance(each.node, cst.FunctionDef):
                        owned.methods[name] = each.node
                    elif each.value is not None or each.kind is not DefinitionKind.DELETION:
                        found = Stored(each.node, each.value, each.path, each.annotation)
                        owned.stored.setdefault(name, []).append(found)
            for each in definitions:
                itself = each.node if isinstance(each.node, cst.ClassDef) else None
                owner = itself or self.owner_of_first(each.node)
                if owner is not None and len(definitions) == 1:
                    owned = members.setdefault(owner, ClassMembers())
                    for use in table.uses.get((scope, name), ()):
                        self._note(use, owned)
        return members

    def fields(self, owner: cst.ClassDef) -> list[str]:
        """The annotated names of the class body: the order of a data class's arguments."""
        names: list[str] = []
        for one in reversed(self.line(owner)[0]):
            stored = self.members(one).stored
            names += [n for n, each in stored.items() if any(s.annotation for s in each)]
        return list(dict.fromkeys(names))

    def owner_of_first(self, parameter: cst.CSTNode) -> cst.ClassDef | None:
        """The class whose method takes its instance as ``parameter``."""
        if not isinstance(parameter, cst.Param):
            return None
        parents = self._bodies.index.parents
        function = parents[parents[parameter]]
        if not isinstance(function, cst.FunctionDef) or parameters(function)[0] is not parameter:
            return None
        if any(last_name(each.decorator) == "staticmethod" for each in function.decorators):
            return None
        above = parents.get(function)
        while isinstance(above, (cst.IndentedBlock, cst.If, cst.Else)):
            above = parents.get(above)
        return above if isinstance(above, cst.ClassDef) else None

    def _note(self, use: cst.Name, owned: ClassMembers) -> None:
        parents = self._bodies.index.parents
        node = parents[use]
        if isinstance(node, cst.Arg):
            self._note_setattr(node, use, owned)
        if not isinstance(node, cst.Attribute):
            return
        name = node.attr.value
        above = parents[node]
        if is_target(node, parents):
            bound = bound_by(node, parents)
            annotation = above.annotation.annotation if isinstance(above, cst.AnnAssign) else None
            if bound.kind is not DefinitionKind.TYPE:
                stored = Stored(node, bound.value, bound.path, annotation)
                owned.stored.setdefault(name, []).append(stored)
            if not isinstance(above, cst.AugAssign):
                return
        owned.read.setdefault(name, []).append(node)
        if name in REGISTERING_METHODS and isinstance(above, cst.Call) and above.func is node:
            given, value = argument(above, "name", 0), argument(above, REGISTERING_METHODS[name], 1)
            key = string_value(given.value) if given is not None else None
            if key is not None:
                stored = Stored(above, value.value if value is not None else None)
                owned.stored.setdefault(key, []).append(stored)

    def _note_setattr(self, node: cst.Arg, use: cst.Name, owned: ClassMembers) -> None:
        call = self._bodies.index.parents[node]
        if isinstance(call, cst.Call) and is_constant(call.func, "setattr") and len(call.args) == 3:
            key = string_value(call.args[1].value)
            if call.args[0].value is use and key is not None:
                owned.stored.setdefault(key, []).append(Stored(call, call.args[2].value))
