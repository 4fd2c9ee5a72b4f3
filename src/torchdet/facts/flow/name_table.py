"""Which variable each name node stands for, over the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.flow.definitions import Definition, definition_of
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.graph import Variable
    from torchdet.facts.index import Index
    from torchdet.facts.scope import Scope


class NameTable:
    """The uses and definitions of the walk, by node and by variable. Built in one pass."""

    def __init__(self, index: Index) -> None:
        self.used_in: dict[cst.CSTNode, Scope] = {}
        self.bound: dict[cst.CSTNode, tuple[Variable, Definition]] = {}
        self.definitions: dict[Variable, list[Definition]] = {}
        self.uses: dict[Variable, list[cst.Name]] = {}
        self._variables: dict[cst.CSTNode, Variable | None] = {}
        for uses in index.uses.values():
            for use in uses:
                name = leftmost(use.node)
                if name is not None:
                    self._add_use(name, use.scope)
        for scope in index.scopes.values():
            for name_, bindings in scope.bindings.items():
                for binding in bindings:
                    variable = (scope, name_)
                    definition = definition_of(binding, index.parents)
                    self.bound[binding.node] = (variable, definition)
                    self.definitions.setdefault(variable, []).append(definition)

    def _add_use(self, name: cst.Name, scope: Scope) -> None:
        self.used_in[name] = scope
        owner = scope.owner(name.value)
        variable = (owner, name.value) if owner is not None else None
        self._variables[name] = variable
        if variable is not None:
            self.uses.setdefault(variable, []).append(name)

    def variable(self, name: cst.CSTNode) -> Variable | None:
        """The variable that a use means; None for a builtin or an unknown name."""
        return self._variables.get(name)

    def uses_named(self, name: str) -> list[cst.Name]:
        """The uses of all variables of that name."""
        every = (uses for (_, each), uses in self.uses.items() if each == name)
        return [use for uses in every for use in uses]


def leftmost(node: cst.BaseExpression) -> cst.Name | None:
    """The name that a dotted expression begins with."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node if isinstance(node, cst.Name) else None
