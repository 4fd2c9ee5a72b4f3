"""Whether a backward pass can be expected to run through an operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import enclosing_class, enclosing_function
from torchdet.facts.reaching import reaching
from torchdet.facts.scope import BindingKind
from torchdet.reading.operations.number_kinds import holds_whole_numbers
from torchdet.reading.operations.surroundings import last_method
from torchdet.reading.tensors.module_classes import forward_of, is_module_class
from torchdet.torch_api.gradient_names import AUTOGRAD_FUNCTIONS, NO_GRADIENT

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_CUTTING = frozenset({"bool", "detach", "int", "item", "long", "numpy", "tolist"})
# What a model is fed with, or compared with, as code names it.
_DATA = re.compile(
    r"(^|_)(masks?|images?|imgs?|frames?|videos?|pixels?|pixel_values|depth_map|labels?|targets?"
    r"|audios?|waveforms?|wavs?|pil|latents?|state_dict|checkpoint)"
    r"($|_(?!(features?|embed\w*|hidden|states?)($|_)))"
)
# What says where something is, or whether it counts, in names of tensors.
_PLACES = re.compile(
    r"(^|_)(positions?|visible|valid)($|_(?!(features?|embed\w*|encodings?|bias)($|_)))"
)
_PREPARING = re.compile(
    r"(^|_)(load|convert|resize|resample|preprocess|post|postprocess|processing|prepare|transform"
    r"|augment|read|checkpoint|state_dict|encode_image|visuali[sz]e|plot|draw|cache|reorder|beams?"
    r"|generate|generation|matches)($|_)"
)
# Tensors that nothing leads back from.
_FACTORIES = frozenset(
    {"arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "logspace", "ones"}
    | {"ones_like", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like"}
    | {"randperm", "tensor", "tril_indices", "triu_indices", "zeros", "zeros_like"}
    | {"new_empty", "new_full", "new_ones", "new_zeros"}
)
# Methods and functions whose other arguments are numbers, dtypes or masks.
_RESHAPING = frozenset(
    {"abs", "clamp", "clone", "contiguous", "cpu", "cuda", "cumsum", "double", "expand"}
    | {"expand_as", "flatten", "flip", "float", "half", "masked_fill", "movedim", "permute"}
    | {"repeat", "reshape", "squeeze", "sum", "to", "transpose", "type_as", "unflatten"}
    | {"unsqueeze", "view", "view_as"}
)
_DEPTH = 8


def is_without_gradient(
    call: cst.Call, operand: cst.BaseExpression | None, facts: FileFacts
) -> bool:
    """Whether no backward pass can be expected to follow the call.

    It stands under ``torch.no_grad()`` or in a function decorated with it, in a class that is no
    module or whose ``forward`` autograd does not look into, or in a function that prepares data
    or weights; or its result is detached; or its ``operand`` was detached, holds whole numbers,
    is made by ``torch.zeros`` or its like, a buffer, or named like data. ``operand`` is None for
    the modules themselves.
    """
    if any(_turns_off(expression, facts) for expression in _around(call, facts)):
        return True
    if operand is None:
        return False
    return (
        _is_data(operand, facts)
        or _is_outside_of_models(call, facts)
        or _is_cut_off(call, facts)
        or (not _takes_source(call) and _is_constant(operand, facts))
    )


def _takes_source(call: cst.Call) -> bool:
    """Whether the operation puts another tensor, which may have a gradient, into its operand."""
    return (last_name(call.func) or "").startswith(("index_", "masked_s", "put", "scatter")) and (
        last_name(call.func) != "index_select"
    )


def _is_constant(operand: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``operand`` can have no gradient by what it is made of."""
    return holds_whole_numbers(operand, facts) or _is_leaf(operand, facts, _DEPTH)


def _is_data(operand: cst.BaseExpression, facts: FileFacts, depth: int = 3) -> bool:
    """Whether ``operand``'s text tells that nobody asks for its gradient."""
    node = operand
    while True:
        if isinstance(node, cst.Attribute):
            if node.attr.value == "data" or _is_named_like_data(node.attr.value):
                return True
            node = node.value
        elif isinstance(node, cst.Call):
            if last_method(node) in _CUTTING:
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
    return from_data or _is_named_like_data(node.value)


def _is_named_like_data(name: str) -> bool:
    return _DATA.search(name) is not None or _PLACES.search(name) is not None


def _is_leaf(node: cst.BaseExpression, facts: FileFacts, depth: int) -> bool:
    """Whether ``node`` is made of numbers, new tensors and buffers alone."""
    if depth == 0:
        return False
    if isinstance(node, (cst.Integer, cst.Float)):
        return True
    if isinstance(node, cst.Subscript):
        return _is_leaf(node.value, facts, depth - 1)
    if isinstance(node, cst.UnaryOperation):
        return _is_leaf(node.expression, facts, depth - 1)
    if isinstance(node, cst.BinaryOperation):
        return all(_is_leaf(each, facts, depth - 1) for each in (node.left, node.right))
    if isinstance(node, cst.Call):
        return _is_leaf_call(node, facts, depth)
    if isinstance(node, cst.Name):
        return _is_leaf_name(node, facts, depth)
    return isinstance(node, cst.Attribute) and _is_frozen(node, facts)


def _is_leaf_call(node: cst.Call, facts: FileFacts, depth: int) -> bool:
    if not isinstance(node.func, cst.Attribute):
        return False
    name = node.func.attr.value
    if name in _FACTORIES:
        wanted = argument(node, "requires_grad")
        return wanted is None or is_constant(wanted.value, "False")
    if name not in _RESHAPING:
        return False
    if not facts.resolve(node.func).names:
        return _is_leaf(node.func.value, facts, depth - 1)
    return bool(node.args) and _is_leaf(node.args[0].value, facts, depth - 1)


def _is_leaf_name(node: cst.Name, facts: FileFacts, depth: int) -> bool:
    """Whether a name is only given such tensors, and nothing else is written into them."""
    bindings = [each.binding for each in reaching(node, facts)]
    if not bindings or not all(
        binding.kind is BindingKind.ASSIGNMENT
        and binding.value is not None
        and _is_leaf(binding.value, facts, depth - 1)
        for binding in bindings
    ):
        return False
    uses = facts.uses_of(node.value, facts.scope(node))
    return not any(_is_written(use.node, facts) for use in uses)


def _is_written(use: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``use`` is ``use[...] = value``, or an in-place method of it."""
    parent = facts.parent(use)
    if isinstance(parent, cst.Subscript):
        above = facts.parent(parent)
        return isinstance(above, (cst.AssignTarget, cst.AugAssign))
    called = isinstance(parent, cst.Call) and parent.func is use
    return called and isinstance(use, cst.Attribute) and use.attr.value.endswith("_")


def _is_frozen(node: cst.Attribute, facts: FileFacts) -> bool:
    """Whether ``node`` is a buffer of ``self``, or a parameter with ``requires_grad=False``."""
    owner = enclosing_class(node, facts)
    if owner is None or not isinstance(node.value, cst.Name) or node.value.value != "self":
        return False
    attribute = facts.instance_attributes.get((owner, node.attr.value))
    if attribute is None or attribute.other:
        return False
    made = [
        _makes_frozen(value, facts) for value in attribute.values if not is_constant(value, "None")
    ]
    return all(made) and (attribute.buffer or bool(made))


def _makes_frozen(value: cst.BaseExpression, facts: FileFacts) -> bool:
    if not isinstance(value, cst.Call):
        return False
    if facts.means(value.func, "torch.nn.Parameter"):
        wanted = argument(value, "requires_grad", 1)
        return wanted is not None and is_constant(wanted.value, "False")
    return facts.means(value.func, "torch.nn.Buffer")


def _is_cut_off(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the result is detached, there or in the next statement."""
    node: cst.CSTNode = call
    parent = facts.parent(node)
    while isinstance(parent, (cst.Attribute, cst.Call, cst.Subscript)):
        if isinstance(parent, cst.Call) and parent.func is not node:
            return False
        if isinstance(parent, cst.Attribute) and parent.attr.value in _CUTTING:
            return True
        node, parent = parent, facts.parent(parent)
    if not isinstance(parent, cst.Assign) or not isinstance(parent.targets[0].target, cst.Name):
        return False
    name = parent.targets[0].target.value
    following = _next_statement(parent, facts)
    return following is not None and facts.code(following).startswith(f"{name} = {name}.detach()")


def _next_statement(node: cst.CSTNode, facts: FileFacts) -> cst.CSTNode | None:
    """The statement below the one that holds ``node``, in the same block."""
    line = facts.parent(node)
    block = facts.parent(line)
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return None
    index = next(index for index, each in enumerate(block.body) if each is line)
    following = block.body[index + 1] if index + 1 < len(block.body) else None
    return following.body[0] if isinstance(following, cst.SimpleStatementLine) else None


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
    return not AUTOGRAD_FUNCTIONS.isdisjoint(bases) or not (
        is_module_class(owner, facts) or forward_of(owner, facts) is not None
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
    if not any(name in NO_GRADIENT for name in facts.resolve(called).names):
        return False
    args = expression.args if isinstance(expression, cst.Call) else ()
    switched_by_value = facts.means(called, "torch.set_grad_enabled")
    return not switched_by_value or (bool(args) and is_constant(args[0].value, "False"))
