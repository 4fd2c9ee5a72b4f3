"""Calls that set one of torch's defaults, and which of them only put its old value back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.reading.state.saved_values import restores

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Reference


@dataclass(frozen=True, slots=True)
class DefaultSetter:
    """A mention of the function ``name`` of torch, such as ``set_default_dtype``.

    ``call`` is its call with one argument, where that is a statement by itself.
    """

    name: str
    call: cst.Call | None


def default_setter(reference: Reference, facts: FileFacts) -> DefaultSetter:
    """What ``reference`` to a function that sets a default is about."""
    name = reference.name.rpartition(".")[2]
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or len(call.args) != 1:
        return DefaultSetter(name, None)
    alone = isinstance(facts.parent(call), cst.Expr) and not call.args[0].star
    return DefaultSetter(name, call if alone else None)


def written_default(
    reference: Reference, keyword: str, facts: FileFacts
) -> cst.BaseExpression | None:
    """What a call of the setter passes as its only argument; None for a use that is no call."""
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return None
    passed = argument(call, keyword, 0)
    return passed.value if passed is not None else None


@dataclass(frozen=True, slots=True)
class DefaultFunctions:
    """How one of torch's defaults is set and read, by qualified names."""

    setter: str
    keyword: str
    getter: str


def undoes_default(reference: Reference, default: DefaultFunctions, facts: FileFacts) -> bool:
    """Whether the call sets what the getter returned before."""
    value = written_default(reference, default.keyword, facts)
    return value is not None and restores(value, (default.getter,), facts)


def is_undone(reference: Reference, default: DefaultFunctions, facts: FileFacts) -> bool:
    """Whether a ``finally`` certainly puts the old value back after the call.

    The call is in the body of the ``try``, or in the statements before it.
    """
    return any(
        _puts_back(statement.finalbody, default, facts)
        for statement in _tries_after(reference.node, facts)
        if statement.finalbody is not None
    )


def _tries_after(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.Try | cst.TryStar]:
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, (cst.Try, cst.TryStar)) and below is above.body:
            yield above
        if isinstance(above, (cst.IndentedBlock, cst.Module)):
            place = next(place for place, each in enumerate(above.body) if each is below)
            following = above.body[place + 1 : place + 2]
            yield from (each for each in following if isinstance(each, (cst.Try, cst.TryStar)))
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return
        below = above


def _puts_back(cleanup: cst.Finally, default: DefaultFunctions, facts: FileFacts) -> bool:
    for node in descendants(cleanup):
        if isinstance(node, cst.Call) and facts.means(node.func, default.setter):
            passed = argument(node, default.keyword, 0)
            if passed is not None and restores(passed.value, (default.getter,), facts):
                return True
    return False
