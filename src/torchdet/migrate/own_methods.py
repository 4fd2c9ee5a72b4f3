"""Whether classes of a file have a method of their own under a name of torch's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind, ScopeKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def defines_method(name: str, facts: FileFacts) -> bool:
    """Whether a class of the file defines a method ``name``."""
    return any(
        binding.kind is BindingKind.DEFINITION and isinstance(binding.node, cst.FunctionDef)
        for scope in facts.index.scopes.values()
        if scope.kind is ScopeKind.CLASS
        for binding in scope.bindings.get(name, ())
    )
