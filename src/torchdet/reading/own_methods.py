"""Whether classes of a file have a method of their own under a name of torch's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.scope import Binding, BindingKind, ScopeKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def methods_of_classes(facts: FileFacts) -> frozenset[str]:
    """The names of the methods that the classes of the file define."""
    return frozenset(
        name
        for scope in facts.index.scopes.values()
        if scope.kind is ScopeKind.CLASS
        for name, bindings in scope.bindings.items()
        if any(_is_method(binding) for binding in bindings)
    )


def _is_method(binding: Binding) -> bool:
    return binding.kind is BindingKind.DEFINITION and isinstance(binding.node, cst.FunctionDef)
