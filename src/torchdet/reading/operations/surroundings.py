"""What stands around a call and takes it out of reach of a nondeterministic kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_MODE_QUESTION = "torch.are_deterministic_algorithms_enabled"
# Methods whose result is where the tensor was, and needs no gradient if the tensor needs none.
_STAYING = frozenset(
    {"bool", "clone", "contiguous", "double", "float", "flatten", "half", "int", "long", "permute"}
    | {"reshape", "squeeze", "transpose", "unsqueeze", "view"}
)


def is_other_path(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the code around asks for deterministic mode itself and takes this path without it."""
    for above in facts.ancestors(call):
        if isinstance(above, (cst.If, cst.IfExp)):
            test = above.test
            while isinstance(test, cst.UnaryOperation):
                test = test.expression
            if isinstance(test, cst.Call) and facts.means(test.func, _MODE_QUESTION):
                return True
    return False


def only_shape_is_read(call: cst.Call, facts: FileFacts) -> bool:
    """Whether nothing but the shape of the result is asked for: ``torch.unique(x).shape[0]``."""
    parent = facts.parent(call)
    if isinstance(parent, cst.Attribute):
        return parent.attr.value in {"dtype", "ndim", "numel", "shape", "size"}
    above = facts.parent(parent) if isinstance(parent, cst.Arg) else None
    return isinstance(above, cst.Call) and facts.means(above.func, "builtins.len", "torch.numel")


def stays_on_cpu(operand: cst.BaseExpression | None, facts: FileFacts) -> bool:
    """Whether ``operand`` was moved to the CPU or comes from NumPy, as its text shows."""
    depth = 4
    while operand is not None and depth:
        if isinstance(operand, cst.Name):
            bindings = facts.bindings(operand)
            if len(bindings) != 1 or bindings[0].kind is not BindingKind.ASSIGNMENT:
                return False
            operand = bindings[0].value
            depth -= 1
            continue
        method = last_method(operand)
        if method is None or not isinstance(operand, cst.Call):
            return False
        if method == "cpu" or facts.means(operand.func, "torch.from_numpy"):
            return True
        if method == "to" and operand.args and string_value(operand.args[0].value) == "cpu":
            return True
        if method not in _STAYING or not isinstance(operand.func, cst.Attribute):
            return False
        operand = operand.func.value
    return False


def last_method(node: cst.BaseExpression) -> str | None:
    """The name of the method that ``node`` calls last."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return node.func.attr.value
    return None
