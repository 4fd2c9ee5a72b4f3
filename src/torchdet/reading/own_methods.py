"""Whether classes of a file have a method of their own under a name of torch's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.scope import Binding, BindingKind, ScopeKind
from torchdet.model.diagnostic import Confidence
from torchdet.reading.tensors.inference import inferred_value

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def methods_of_classes(facts: FileFacts) -> frozenset[str]:
    """The names of the methods that the classes of the file define."""
    return _methods_in(facts.module, facts)


@remembered
def _methods_in(_: cst.Module, facts: FileFacts) -> frozenset[str]:
    return frozenset(
        name
        for scope in facts.index.scopes.values()
        if scope.kind is ScopeKind.CLASS
        for name, bindings in scope.bindings.items()
        if any(_is_method(binding) for binding in bindings)
    )


def is_certainly_of_torch(receiver: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``receiver`` is certainly a tensor or a module of torch, with torch's own methods."""
    value = inferred_value(receiver, facts)
    return value is not None and value.confidence is Confidence.CERTAIN and value.is_of_torch


def _is_method(binding: Binding) -> bool:
    return binding.kind is BindingKind.DEFINITION and isinstance(binding.node, cst.FunctionDef)
