"""The uses that a definition reaches: the definitions of each use, turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.flow.uses import Use, use_of
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.definitions import Definition
    from torchdet.facts.flow.graph import Variable
    from torchdet.facts.flow.reaching_definitions import ReachingDefinitions


class NameUses:
    """Worked out for all definitions of a variable when it is first asked for."""

    def __init__(self, bodies: Bodies, reaching: ReachingDefinitions) -> None:
        self._bodies = bodies
        self._reaching = reaching
        self._known: dict[Variable, dict[Definition, list[Use]]] = {}

    def of(self, definition: Definition) -> tuple[Use, ...]:
        """The uses that can see ``definition``, in the order of the file."""
        found = self._bodies.table.bound.get(definition.node)
        if found is None:
            return ()
        variable = found[0]
        if variable not in self._known:
            self._known[variable] = self._collect(variable)
        return tuple(self._known[variable].get(definition, ()))

    def _collect(self, variable: Variable) -> dict[Definition, list[Use]]:
        home = self._bodies.scope_owner(variable[0])
        parents = self._bodies.index.parents
        found: dict[Definition, list[Use]] = {}
        for name in self._bodies.table.uses.get(variable, ()):
            if name not in parents:
                continue  # it stands in an annotation that is a string
            captured = self._bodies.owner(name) is not home
            use = use_of(name, parents, captured=captured)
            for definition in self._reaching.of(name).definitions:
                found.setdefault(definition, []).append(use)
        return found


def is_read(use: Use) -> bool:
    """Whether the use takes the value, rather than the name (``del x``)."""
    return not isinstance(use.by, cst.Del)
