"""Whether an operation works on whole numbers: their sums are exact, and they have no gradient."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.inductive import Every, Judgement, Some, inductive
from torchdet.facts.lazy import cst
from torchdet.torch_api.dtypes import FLOATING_DTYPES, INTEGRAL_DTYPES, INTEGRAL_TYPES
from torchdet.torch_api.tensor_methods import (
    CONVERTING_METHODS,
    FLOATING_METHODS,
    INTEGRAL_METHODS,
    KIND_KEEPING_FUNCTIONS,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_INTEGRAL_TYPES = re.compile(rf"\b({'|'.join(sorted(INTEGRAL_TYPES))})\b")
# Whole numbers, as code names them: `token_type_ids`, `grid_thw`, and not `index_embeddings`.
_NAMES = re.compile(
    r"(^|_)(ids?|idx|inds?|indx|ind(ex|exes|ices)|experts?|counts?|bins?|lens?|lengths|thw)"
    r"($|_(?!(biases|bias|embed\w*|features?|gates?|hidden|inputs?|logits?|outputs?|probs?"
    r"|scores?|states?|weights?)($|_)))"
)


def is_integral(call: cst.Call, operand: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``call`` asks for a whole dtype, or its ``operand`` holds whole numbers."""
    dtype = argument(call, "dtype")
    if dtype is not None:
        return facts.means(dtype.value, *INTEGRAL_DTYPES)
    return holds_whole_numbers(operand, facts)


def _judge(node: cst.BaseExpression, facts: FileFacts) -> Judgement:
    if isinstance(node, cst.Comparison):
        return True
    if isinstance(node, cst.UnaryOperation):
        return Every((node.expression,))
    if isinstance(node, cst.BinaryOperation):
        return _arithmetic(node)
    if isinstance(node, cst.IfExp):
        return Some((node.body, node.orelse))
    if isinstance(node, cst.Call):
        return _call(node, facts)
    if isinstance(node, cst.Name) and _NAMES.search(node.value):
        return None if _names_dtype(node, facts) else True
    if isinstance(node, cst.Attribute) and _NAMES.search(node.attr.value):
        return True
    return None


def _names_dtype(name: cst.Name, facts: FileFacts) -> bool:
    """Whether something that the name stands for says its dtype: then the name tells nothing."""
    values = (each.value for each in facts.flow.definitions(name).definitions)
    return any(isinstance(each, cst.Call) and argument(each, "dtype") for each in values)


def _arithmetic(node: cst.BinaryOperation) -> Judgement:
    """The result of arithmetic: whole where nothing in it has a fraction."""
    if isinstance(node.operator, (cst.Divide, cst.Power)):
        return False
    sides = (node.left, node.right)
    return Every(tuple(side for side in sides if not isinstance(side, cst.Integer)))


def _call(node: cst.Call, facts: FileFacts) -> Judgement:
    dtype = argument(node, "dtype")
    if dtype is not None:
        return facts.means(dtype.value, *INTEGRAL_DTYPES)
    if not isinstance(node.func, cst.Attribute):
        return None
    method = node.func.attr.value
    if method in INTEGRAL_METHODS or method in INTEGRAL_TYPES:
        return True
    if method in CONVERTING_METHODS and node.args:
        if facts.means(node.args[0].value, *INTEGRAL_DTYPES):
            return True
        if facts.means(node.args[0].value, *FLOATING_DTYPES):
            return False
    if facts.means(node.func, *KIND_KEEPING_FUNCTIONS) and node.args:
        return Every((node.args[0].value,))
    if facts.flow.callees(node):
        return None
    return False if method in FLOATING_METHODS else Every((node.func.value,))


def _is_annotated(annotation: cst.BaseExpression, facts: FileFacts) -> bool:
    return _INTEGRAL_TYPES.search(facts.code(annotation)) is not None


holds_whole_numbers = inductive(_judge, _is_annotated)
"""Whether a tensor holds whole numbers, by what made it, or else by its name.

Of the two values of a conditional expression one is enough: they are for two devices.
"""
