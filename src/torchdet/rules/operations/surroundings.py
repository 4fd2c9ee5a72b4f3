"""What stands around a call and takes it out of reach of a nondeterministic kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class, enclosing_function
from torchdet.facts.module_classes import forward_of, is_module_class
from torchdet.facts.scope import BindingKind

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_NO_GRADIENT = frozenset(
    {"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad", "torch.set_grad_enabled"}
    | {"torch.autograd.grad_mode.no_grad", "torch.autograd.grad_mode.inference_mode"}
)
_MODE_QUESTION = "torch.are_deterministic_algorithms_enabled"
# Methods whose result is where the tensor was, and needs no gradient if the tensor needs none.
_STAYING = frozenset(
    {"bool", "clone", "contiguous", "double", "float", "flatten", "half", "int", "long", "permute"}
    | {"reshape", "squeeze", "transpose", "unsqueeze", "view"}
)
_WITHOUT_GRADIENT = frozenset({"bool", "detach", "int", "long"})
# What a model is fed with, or compared with, as code names it.
_DATA = re.compile(
    r"(^|_)(masks?|images?|imgs?|frames?|videos?|pixels?|pixel_values|depth_map|labels?|targets?"
    r"|audios?|waveforms?|wavs?|pil|latents?|state_dict|checkpoint)($|_(?!(features?|embed\w*|hidden|states?)($|_)))"
)
_PREPARING = re.compile(
    r"(^|_)(load|convert|resize|resample|preprocess|postprocess|prepare|transform|augment|read"
    r"|checkpoint|state_dict|encode_image|visuali[sz]e|plot|draw)($|_)"
)


def is_without_gradient(
    call: cst.Call, operand: cst.BaseExpression | None, facts: FileFacts
) -> bool:
    """Whether no backward pass can be expected to follow the call.

    It stands under ``torch.no_grad()`` or in a function decorated with it, in a class that is no
    module or whose ``forward`` autograd does not look into, or in a function that prepares data
    or weights; or its ``operand`` was detached, is made of whole numbers, or is named like data.
    ``operand`` is None for the modules themselves.
    """
    if any(_turns_off(expression, facts) for expression in _around(call, facts)):
        return True
    if operand is None:
        return False
    return _is_data(operand, facts) or _is_outside_of_models(call, facts)


def _is_data(operand: cst.BaseExpression, facts: FileFacts, depth: int = 3) -> bool:
    """Whether ``operand``'s text tells that nobody asks for its gradient."""
    node = operand
    while True:
        if isinstance(node, cst.Attribute):
            if node.attr.value == "data" or _DATA.search(node.attr.value):
                return True
            node = node.value
        elif isinstance(node, cst.Call):
            if _last_method(node) in _WITHOUT_GRADIENT:
                return True
            node = node.func
        elif isinstance(node, cst.Subscript):
            node = node.value
        else:
            break
    if not isinstance(node, cst.Name):
        return False
    bindings = facts.bindings(node)
    value = bindings[0].value if len(bindings) == 1 else None
    from_data = value is not None and depth > 0 and _is_data(value, facts, depth - 1)
    return from_data or _DATA.search(node.value) is not None


def _is_outside_of_models(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the call stands in a class or function that computes nothing to be differentiated."""
    function = enclosing_function(call, facts)
    if function is not None and _PREPARING.search(function.name.value):
        return True
    if function is not None and _DATA.search(function.name.value):
        return True
    owner = enclosing_class(call, facts)
    if owner is None:
        return False
    bases = [name for base in owner.bases for name in facts.resolve(base.value).names]
    return "torch.autograd.Function" in bases or not (
        is_module_class(owner, facts) or forward_of(owner) is not None
    )


def _around(call: cst.Call, facts: FileFacts) -> Iterator[cst.BaseExpression]:
    """The context managers and decorators whose block or function the call stands in."""
    below: cst.CSTNode = call
    for above in facts.ancestors(call):
        if isinstance(above, cst.With) and below is above.body:
            yield from (item.item for item in above.items)
        elif isinstance(above, cst.FunctionDef) and below is above.body:
            yield from (decorator.decorator for decorator in above.decorators)
        below = above


def _turns_off(expression: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``expression`` is ``torch.no_grad`` or its like, called or not."""
    called = expression.func if isinstance(expression, cst.Call) else expression
    if not any(name in _NO_GRADIENT for name in facts.resolve(called).names):
        return False
    args = expression.args if isinstance(expression, cst.Call) else ()
    switched_by_value = facts.means(called, "torch.set_grad_enabled")
    return not switched_by_value or (bool(args) and is_constant(args[0].value, "False"))


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
        method = _last_method(operand)
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


def _last_method(node: cst.BaseExpression) -> str | None:
    """The name of the method that ``node`` calls last."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return node.func.attr.value
    return None
