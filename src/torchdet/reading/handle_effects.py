"""Where code uses the effects of a handle that its module holds, rather than one it received.

Effects are what the handle answers for the process: devices, seeds, generators, streams, autocast,
memory, checkpoints. Namespaces are none: ``rt.torch`` and ``rt.module("torch.x")`` are the same
modules for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.handle_names import HANDLE
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import BindingKind, ScopeKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope

_NAMESPACES = frozenset({"torch", "module"})


@dataclass(frozen=True, slots=True, eq=False)
class HandleEffect:
    """One effect of a handle that the module holds.

    ``name`` is the handle's name there, ``operation`` what is asked of it (empty where the handle
    itself is passed on), ``scope`` where that runs.
    """

    name: cst.Name
    operation: str
    scope: Scope


def module_effects(facts: FileFacts) -> tuple[HandleEffect, ...]:
    """Every effect of a handle that belongs to the module, in the order of the uses."""
    return _effects(facts.module, facts)


@remembered
def _effects(_: cst.Module, facts: FileFacts) -> tuple[HandleEffect, ...]:
    return tuple(_found(facts))


def _found(facts: FileFacts) -> Iterator[HandleEffect]:
    for root, uses in facts.index.uses.items():
        for use in uses:
            owner = use.scope.owner(root)
            if owner is None or not _is_of_module(root, owner) or names_type(root, owner):
                continue
            if facts.resolver.root(root, use.scope) != Exact(HANDLE):
                continue
            operation = use.parts[1] if len(use.parts) > 1 else ""
            name = leftmost(use.node)
            if name is not None and operation not in _NAMESPACES:
                yield HandleEffect(name, operation, use.scope)


def _is_of_module(name: str, owner: Scope) -> bool:
    """Whether the binding is the module's: at its outermost level, or its import in a function."""
    if owner.kind is ScopeKind.MODULE:
        return True
    return all(binding.kind is BindingKind.IMPORT for binding in owner.bindings[name])


def names_type(name: str, scope: Scope) -> bool:
    """Whether ``name`` is the class ``TorchHandle`` itself, and no handle."""
    return any(binding.qualified == HANDLE for binding in scope.bindings[name])


def leftmost(node: cst.BaseExpression) -> cst.Name | None:
    """The name that a dotted expression begins with; None for a name in a string."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node if isinstance(node, cst.Name) else None


def body_of(scope: Scope) -> tuple[tuple[str, ...], cst.CSTNode | None]:
    """The outermost function around ``scope``, or None for code that runs at import.

    With it come the names of the classes around that function. A lambda at the outermost level is
    such a function without a name.
    """
    classes: list[str] = []
    for each in reversed(list(scope.chain())):
        if isinstance(each.node, cst.ClassDef) and each.kind is ScopeKind.CLASS:
            classes.append(each.node.name.value)
        elif isinstance(each.node, (cst.FunctionDef, cst.Lambda)) and (
            each.kind is ScopeKind.FUNCTION
        ):
            return tuple(classes), each.node
    return tuple(classes), None
