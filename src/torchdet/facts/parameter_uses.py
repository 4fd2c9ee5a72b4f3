"""What the uses of a parameter say of it, where no annotation does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.facts.lazy import cst
from torchdet.facts.reaching import reaching
from torchdet.torch_api.returns import TORCH_ONLY_METHODS, tensor_functions

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Binding

_MOST_USES = 30
# Functions that take lists, arrays and numbers as well.
_TAKE_ANYTHING = frozenset(
    f"torch.{name}"
    for name in ("as_tensor", "asarray", "block_diag", "cat", "concat", "from_numpy", "stack")
) | {"torch.tensor", "torch.frombuffer", "torch.full", "torch.linspace", "torch.arange"}
_MAKING = frozenset(
    f"torch.{name}"
    for name in ("empty", "eye", "normal", "ones", "rand", "randint", "randn", "randperm", "zeros")
)
_OF_ARRAYS = frozenset({"astype", "to_numpy", "iloc", "loc", "append", "tobytes"})


@cache
def _needing_tensor() -> frozenset[str]:
    return tensor_functions() - _TAKE_ANYTHING - _MAKING


def is_used_as_tensor(binding: Binding, facts: FileFacts) -> bool:
    """Whether the function treats its unannotated parameter as only a tensor can be treated.

    It calls a method on it that nothing else has, or passes it to a function of torch that takes
    tensors alone; and it does nothing with it that is done with arrays.
    """
    node = binding.node
    if not isinstance(node, cst.Param) or node.star or binding.annotation is not None:
        return False
    if node.default is not None and not is_constant(node.default, "None"):
        return False
    function = facts.parent(facts.parent(node))
    scope = facts.index.scopes.get(function)
    if scope is None:
        return False
    verdicts = [
        _verdict(use.node, facts)
        for use in list(facts.uses_of(binding.name, scope))[:_MOST_USES]
        if use.scope is scope and _sees(use.node, binding, facts)
    ]
    return True in verdicts and False not in verdicts


def _sees(use: cst.BaseExpression, binding: Binding, facts: FileFacts) -> bool:
    name: cst.BaseExpression = use
    while isinstance(name, cst.Attribute):
        name = name.value
    return isinstance(name, cst.Name) and any(
        reached.binding is binding for reached in reaching(name, facts)
    )


def _verdict(use: cst.BaseExpression, facts: FileFacts) -> bool | None:
    """Whether one use speaks for a tensor, against one, or neither."""
    parent = facts.parent(use)
    if isinstance(use, cst.Attribute):
        return _of_attribute(use, parent)
    call = facts.parent(parent) if isinstance(parent, cst.Arg) else None
    if not isinstance(call, cst.Call) or call.args[0] is not parent or call.args[0].star:
        return None
    names = facts.resolve(call.func).names
    if names and set(names) <= _needing_tensor():
        return True
    return False if any(name.startswith("numpy.") for name in names) else None


def _of_attribute(use: cst.Attribute, parent: cst.CSTNode) -> bool | None:
    first: cst.BaseExpression = use
    while isinstance(first, cst.Attribute) and isinstance(first.value, cst.Attribute):
        first = first.value
    if not isinstance(first, cst.Attribute):
        return None
    name = first.attr.value
    if name in _OF_ARRAYS:
        return False
    called = first is use and isinstance(parent, cst.Call) and parent.func is use
    return True if called and name in TORCH_ONLY_METHODS else None
