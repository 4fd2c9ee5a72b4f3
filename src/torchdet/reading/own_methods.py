"""Whether classes of a file have a method of their own under a name of torch's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.scope import Binding, BindingKind, ScopeKind
from torchdet.model.diagnostic import Confidence
from torchdet.reading.tensors.inference import inferred_value
from torchdet.reading.tensors.module_classes import is_module_class

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


def has_torchs_method(receiver: cst.BaseExpression, method: str, facts: FileFacts) -> bool:
    """Whether ``receiver`` is certainly a tensor or a module, whose ``method`` is torch's own."""
    value = inferred_value(receiver, facts)
    if value is not None and value.confidence is Confidence.CERTAIN and value.is_of_torch:
        return True
    made: cst.BaseExpression | None = receiver
    if isinstance(receiver, cst.Name):
        only = facts.flow.definitions(receiver).only
        made = only.value if only is not None and not only.path else None
    return isinstance(made, cst.Call) and _makes_module(made, method, facts)


def _makes_module(call: cst.Call, method: str, facts: FileFacts) -> bool:
    """Whether ``call`` makes a module of a class of the file that leaves ``method`` as it is."""
    made = [each.made for each in facts.flow.callees(call)]
    return bool(made) and all(
        owner is not None
        and is_module_class(owner, facts)
        and facts.flow.attributes.method(owner, method) is None
        and all(_is_known(base.value, facts) for base in _bases(owner, facts))
        for owner in made
    )


def _bases(owner: cst.ClassDef, facts: FileFacts) -> Iterator[cst.Arg]:
    line, _ = facts.flow.attributes.line(owner)
    return (base for one in line for base in one.bases)


def _is_known(base: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a class is one of the file or of torch."""
    names = facts.resolve(base).names
    of_torch = bool(names) and all(name.startswith("torch.nn.") for name in names)
    return of_torch or facts.flow.attributes.class_named(base) is not None


def _is_method(binding: Binding) -> bool:
    return binding.kind is BindingKind.DEFINITION and isinstance(binding.node, cst.FunctionDef)
