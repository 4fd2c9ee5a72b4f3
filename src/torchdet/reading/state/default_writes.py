"""Calls that set one of torch's defaults, and which of them only put its old value back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
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


def undoes_default(
    reference: Reference, keyword: str, getters: Collection[str], facts: FileFacts
) -> bool:
    """Whether the call sets what one of ``getters`` returned before."""
    value = written_default(reference, keyword, facts)
    return value is not None and restores(value, getters, facts)
