"""Whether uninitialised memory may be read, as far as the outline of a file tells."""

from __future__ import annotations

import ast

from torchdet.facts.screen import Mention, Outline, dotted_parts
from torchdet.reading.context import Place
from torchdet.reading.operations.memory_uses import reads_its_tensor
from torchdet.reading.operations.module_memory import initialises
from torchdet.torch_api.returns import TENSOR_ATTRIBUTES
from torchdet.torch_api.tensor_methods import VIEWS

# What a new tensor can stand in for a look at what is done with it to be worth while.
_OPERATORS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.AugAssign, ast.Subscript)
_HOLDERS = (ast.keyword, ast.Starred, ast.List, ast.Tuple)
_BINDING = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.IfExp, ast.BoolOp)


def may_be_read(mention: Mention, outline: Outline, _place: Place) -> bool:
    """Whether the call at ``mention``, which makes memory, stands where something may read it."""
    call, outer = mention.call, mention.around.outer
    if call is None or outer is None or any(map(_is_zero, call.args)):
        return False
    above = outer.node
    if isinstance(above, ast.Attribute):
        method = outer.outer.node if outer.outer is not None else None
        is_called = isinstance(method, ast.Call) and method.func is above
        passes = above.attr in VIEWS if is_called else above.attr in TENSOR_ATTRIBUTES
        return passes or (is_called and reads_its_tensor(above.attr))
    if isinstance(above, ast.Call):
        made_for = dotted_parts(above.func)
        is_kept = made_for is not None and made_for[-1] in _KEEPING
        return not (is_kept and any(map(initialises, outline.functions)))
    return isinstance(above, (*_OPERATORS, *_HOLDERS, *_BINDING))


_KEEPING = frozenset({"Parameter", "Buffer", "register_buffer"})


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
