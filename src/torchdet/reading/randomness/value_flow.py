"""Where a value goes within a file: names, attributes of ``self``, parameters, and what returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import (
    enclosing_class,
    enclosing_function,
    local_function,
    receiving_parameter,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope

_MOST = 120


class ValueFlow:
    """A search along the expressions that have a value, which its user drives step by step.

    ``pending`` hands out the expressions one by one; for each, the user looks at what is done
    with it and calls the ``follow`` methods for those who have the value next. A name is not
    followed when ``ends`` says so of one of its uses. The search gives up after so many
    expressions, which real code does not reach.
    """

    def __init__(
        self, facts: FileFacts, ends: Callable[[cst.BaseExpression, FileFacts], bool] | None = None
    ) -> None:
        self.facts = facts
        self._ends = ends
        self._pending: list[cst.BaseExpression] = []
        self._seen: set[cst.CSTNode] = set()

    def pending(self) -> Iterator[cst.BaseExpression]:
        """The expressions to look at, those included that are followed meanwhile."""
        while self._pending and len(self._seen) < _MOST:
            yield self._pending.pop()

    def follow(self, *nodes: cst.BaseExpression) -> None:
        """Look at ``nodes`` later."""
        for node in nodes:
            if node not in self._seen:
                self._seen.add(node)
                self._pending.append(node)

    def follow_target(self, target: cst.CSTNode) -> None:
        """Every use of the name, or the attribute of ``self``, that was assigned to."""
        if isinstance(target, cst.Name):
            self._follow_uses(self._uses_of_name(target.value, self.facts.scope(target)))
        elif isinstance(target, cst.Attribute):
            self._follow_uses(self._uses_of_attribute(target))

    def follow_parameter(self, arg: cst.Arg, call: cst.Call) -> bool:
        """Every use of the parameter that receives ``arg``; False when the file has none."""
        parameter = receiving_parameter(arg, call, self.facts)
        called = local_function(call, self.facts)
        if parameter is None or called is None:
            return False
        scope = self.facts.index.scopes[called[0]]
        self._follow_uses(self._uses_of_name(parameter.name.value, scope))
        return True

    def follow_callers(self, node: cst.CSTNode) -> bool:
        """Every call of the function around ``node``; False when the file has none."""
        function = enclosing_function(node, self.facts)
        if function is None:
            return False
        found = list(callers(function, self.facts))
        self.follow(*found)
        return bool(found)

    def follow_element(self, element: cst.Element) -> bool:
        """What callers unpack from the tuple that is returned; False where that is not seen.

        After ``return loader, sampler`` the names in ``loader, sampler = make()``.
        """
        values = self.facts.parent(element)
        returned = self.facts.parent(values)
        function = enclosing_function(element, self.facts)
        if not isinstance(values, cst.Tuple) or not isinstance(returned, cst.Return):
            return False
        position = values.elements.index(element)
        found = list(callers(function, self.facts)) if function is not None else []
        for call in found:
            statement = self.facts.parent(call)
            target = statement.targets[0].target if isinstance(statement, cst.Assign) else None
            if not isinstance(target, cst.Tuple) or len(target.elements) != len(values.elements):
                return False
            self.follow_target(target.elements[position].value)
        return bool(found)

    def _follow_uses(self, uses: list[cst.BaseExpression]) -> None:
        ends = self._ends
        if ends is None or not any(ends(use, self.facts) for use in uses):
            self.follow(*uses)

    def _uses_of_name(self, name: str, scope: Scope) -> list[cst.BaseExpression]:
        return [_beginning(use.node, 1) for use in self.facts.uses_of(name, scope)]

    def _uses_of_attribute(self, target: cst.Attribute) -> list[cst.BaseExpression]:
        owner = target.value
        if not isinstance(owner, cst.Name) or owner.value not in {"self", "cls"}:
            return []
        around = enclosing_class(target, self.facts)
        return [
            _beginning(use.node, 2)
            for use in self.facts.index.uses.get(owner.value, ())
            if use.parts[1:2] == (target.attr.value,)
            and enclosing_class(use.node, self.facts) is around
        ]


def callers(function: cst.FunctionDef, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The calls of ``function`` in the file; for a property, the reads of it on ``self``."""
    name = function.name.value
    if any("property" in (last_name(each.decorator) or "") for each in function.decorators):
        for use in facts.index.uses.get("self", ()):
            if use.parts[1:2] == (name,):
                yield _beginning(use.node, 2)
        return
    for uses in facts.index.uses.values():
        for use in uses:
            call = facts.parent(use.node) if use.parts[-1] == name else None
            if isinstance(call, cst.Call) and call.func is use.node:
                called = local_function(call, facts)
                if called is not None and called[0] is function:
                    yield call


def _beginning(node: cst.BaseExpression, parts: int) -> cst.BaseExpression:
    """The first ``parts`` names of a dotted expression: its left end."""
    chain = [node]
    while isinstance(node, cst.Attribute):
        node = node.value
        chain.append(node)
    return chain[-parts]
