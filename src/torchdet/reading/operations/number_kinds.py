"""Whether an operation works on whole numbers: their sums are exact, and they have no gradient."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
from torchdet.facts.reaching import reaching
from torchdet.facts.scope import BindingKind
from torchdet.torch_api.dtypes import FLOATING_DTYPES, INTEGRAL_DTYPES
from torchdet.torch_api.tensor_methods import FLOATING_METHODS, INTEGRAL_METHODS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Binding

# Functions whose result has the kind of their first argument.
_KEEPING = frozenset(
    {"torch.abs", "torch.clamp", "torch.cumsum", "torch.flatten", "torch.nn.functional.pad"}
    | {"torch.repeat_interleave", "torch.roll", "torch.squeeze", "torch.sum", "torch.unsqueeze"}
)
_INTEGRAL_TYPES = re.compile(r"\b(Long|Int|Short|Byte|Bool)Tensor\b")
# Whole numbers, as code names them: `token_type_ids`, `grid_thw`, and not `index_embeddings`.
_NAMES = re.compile(
    r"(^|_)(ids?|idx|inds?|indx|ind(ex|exes|ices)|experts?|counts?|bins?|lens?|lengths|thw)"
    r"($|_(?!(biases|bias|embed\w*|features?|gates?|hidden|inputs?|logits?|outputs?|probs?"
    r"|scores?|states?|weights?)($|_)))"
)
_DEPTH = 16


def is_integral(call: cst.Call, operand: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``call`` asks for a whole dtype, or its ``operand`` holds whole numbers."""
    dtype = argument(call, "dtype")
    if dtype is not None:
        return facts.means(dtype.value, *INTEGRAL_DTYPES)
    return holds_whole_numbers(operand, facts)


def holds_whole_numbers(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the tensor ``node`` holds whole numbers, by what made it, or else by its name.

    Of the two values of a conditional expression one is enough: they are for two devices.
    """
    return _is_whole(node, facts, _DEPTH)


def _is_whole(node: cst.BaseExpression, facts: FileFacts, depth: int) -> bool:
    if depth == 0:
        return False
    if isinstance(node, cst.Comparison):
        return True
    if isinstance(node, cst.UnaryOperation):
        return _is_whole(node.expression, facts, depth - 1)
    if isinstance(node, cst.BinaryOperation):
        return _is_whole_result(node, facts, depth)
    if isinstance(node, cst.IfExp):
        return any(_is_whole(each, facts, depth - 1) for each in (node.body, node.orelse))
    if isinstance(node, cst.Subscript):
        return _is_whole(node.value, facts, depth - 1)
    if isinstance(node, cst.Call):
        return _is_whole_call(node, facts, depth)
    if isinstance(node, cst.Name):
        reached = [each.binding for each in reaching(node, facts)]
        made = bool(reached) and all(_is_bound_whole(each, facts, depth) for each in reached)
        told = any(_names_dtype(each.value) for each in reached)
        return made or (not told and _NAMES.search(node.value) is not None)
    return isinstance(node, cst.Attribute) and _NAMES.search(node.attr.value) is not None


def _names_dtype(value: cst.BaseExpression | None) -> bool:
    return isinstance(value, cst.Call) and argument(value, "dtype") is not None


def _is_whole_result(node: cst.BinaryOperation, facts: FileFacts, depth: int) -> bool:
    """The result of arithmetic: whole where nothing in it has a fraction."""
    sides = (node.left, node.right)
    if isinstance(node.operator, (cst.Divide, cst.Power)):
        return False
    return any(_is_whole(side, facts, depth - 1) for side in sides) and all(
        isinstance(side, cst.Integer) or _is_whole(side, facts, depth - 1) for side in sides
    )


def _is_whole_call(node: cst.Call, facts: FileFacts, depth: int) -> bool:
    dtype = argument(node, "dtype")
    if dtype is not None:
        return facts.means(dtype.value, *INTEGRAL_DTYPES)
    if not isinstance(node.func, cst.Attribute):
        return False
    method = node.func.attr.value
    if method in INTEGRAL_METHODS or _INTEGRAL_TYPES.search(method):
        return True
    if method in {"to", "type"} and node.args:
        if facts.means(node.args[0].value, *INTEGRAL_DTYPES):
            return True
        if facts.means(node.args[0].value, *FLOATING_DTYPES):
            return False
    if facts.means(node.func, *_KEEPING) and node.args:
        return _is_whole(node.args[0].value, facts, depth - 1)
    return method not in FLOATING_METHODS and _is_whole(node.func.value, facts, depth - 1)


def _is_bound_whole(binding: Binding, facts: FileFacts, depth: int) -> bool:
    if binding.annotation is not None and _INTEGRAL_TYPES.search(facts.code(binding.annotation)):
        return True
    if binding.kind is not BindingKind.ASSIGNMENT or binding.value is None:
        return False
    return _is_whole(binding.value, facts, depth - 1)
