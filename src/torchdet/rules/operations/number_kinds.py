"""Whether an operation works on whole numbers, whose sums do not depend on their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_INTEGRAL = frozenset(
    f"torch.{name}"
    for name in ("bool", "int", "int16", "int32", "int64", "int8", "long", "short", "uint8")
)
_INTEGRAL_METHODS = frozenset(
    {"argmax", "argmin", "argsort", "bincount", "bool", "eq", "ge", "gt", "int", "le", "long"}
    | {"lt", "ne", "nonzero", "short", "logical_and", "logical_not", "logical_or", "logical_xor"}
)
_DEPTH = 3


def is_integral(call: cst.Call, operand: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``call`` asks for a whole dtype, or its ``operand`` is made of whole numbers."""
    dtype = argument(call, "dtype")
    if dtype is not None:
        return facts.means(dtype.value, *_INTEGRAL)
    return _is_whole(operand, facts, _DEPTH)


def _is_whole(node: cst.BaseExpression, facts: FileFacts, depth: int) -> bool:
    if isinstance(node, cst.Comparison):
        return True
    if isinstance(node, cst.UnaryOperation):
        return _is_whole(node.expression, facts, depth)
    if isinstance(node, cst.Call):
        dtype = argument(node, "dtype")
        if dtype is not None:
            return facts.means(dtype.value, *_INTEGRAL)
        if isinstance(node.func, cst.Attribute):
            if node.func.attr.value in _INTEGRAL_METHODS:
                return True
            moved = node.func.attr.value in {"to", "type"} and bool(node.args)
            return moved and facts.means(node.args[0].value, *_INTEGRAL)
        return False
    if isinstance(node, cst.Name) and depth:
        bindings = facts.bindings(node)
        return bool(bindings) and all(
            binding.kind is BindingKind.ASSIGNMENT
            and binding.value is not None
            and _is_whole(binding.value, facts, depth - 1)
            for binding in bindings
        )
    return False
