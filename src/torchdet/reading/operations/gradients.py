"""Whether a backward pass can be expected to run through an operation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_class, enclosing_function
from torchdet.facts.expressions import argument, is_constant, last_name
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.inductive import Every, Judgement, inductive
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.reading.operations.number_kinds import holds_whole_numbers
from torchdet.reading.tensors.module_classes import forward_of, is_module_class
from torchdet.torch_api.gradient_names import (
    AUTOGRAD_FUNCTIONS,
    BUFFER_TYPES,
    CONSTANT_FACTORIES,
    CUTTING_METHODS,
    NO_GRADIENT,
    PARAMETER_TYPES,
    PASSING_METHODS,
    SOURCE_METHODS,
    SWITCHED_BY_VALUE,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.attributes import Stored
    from torchdet.facts.flow.definitions import Definition

# What a model is fed with, or compared with, as code names it.
_DATA = re.compile(
    r"(^|_)(masks?|images?|imgs?|frames?|videos?|pixels?|pixel_values|depth_map|labels?|targets?"
    r"|audios?|waveforms?|wavs?|spectrograms?|pil|latents?|state_dict|checkpoint)"
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


def prepares(function: str) -> bool:
    """Whether a function of that name prepares data or weights, which nobody differentiates."""
    return _PREPARING.search(function) is not None


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
    if _gradients_are_off(call, facts):
        return True
    if operand is None:
        return False
    return (
        _is_data(operand, facts)
        or _is_outside_of_models(call, facts)
        or _is_cut_off(call, facts)
        or (last_name(call.func) not in SOURCE_METHODS and _is_constant(operand, facts))
    )


def _is_constant(operand: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``operand`` can have no gradient by what it is made of."""
    return holds_whole_numbers(operand, facts) or _is_leaf(operand, facts)


# Data.


def _judge_data(node: cst.BaseExpression, facts: FileFacts) -> Judgement:
    if isinstance(node, cst.Attribute):
        if node.attr.value == "data" or _is_named_like_data(node.attr.value):
            return True
        return None if facts.flow.class_of_self(node.value) is not None else Every((node.value,))
    if isinstance(node, cst.Call):
        # `masks.float()` is data, what `self.mask_decoder(x)` gives is not.
        called = node.func.value if isinstance(node.func, cst.Attribute) else node.func
        return last_name(node.func) in CUTTING_METHODS or Every((called,))
    if isinstance(node, cst.Name) and _is_named_like_data(node.value):
        return True
    return None


def _is_named_like_data(name: str) -> bool:
    return _DATA.search(name) is not None or _PLACES.search(name) is not None


# Whether the text, and that of what a name stands for, tells that nobody asks for a gradient.
_is_data = inductive(_judge_data)


# Leaves.


def _judge_leaf(node: cst.BaseExpression, facts: FileFacts) -> Judgement:
    if isinstance(node, (cst.Integer, cst.Float)):
        return True
    if isinstance(node, cst.UnaryOperation):
        return Every((node.expression,))
    if isinstance(node, cst.BinaryOperation):
        return Every((node.left, node.right))
    if isinstance(node, cst.Call):
        return _judge_leaf_call(node, facts)
    if isinstance(node, cst.Name):
        definitions = facts.flow.definitions(node).definitions
        return False if any(_is_written(each, facts) for each in definitions) else None
    if isinstance(node, cst.Attribute):
        return _is_frozen(node, facts)
    return None


def _judge_leaf_call(node: cst.Call, facts: FileFacts) -> Judgement:
    if not isinstance(node.func, cst.Attribute):
        return None
    name = node.func.attr.value
    if name in CONSTANT_FACTORIES:
        wanted = argument(node, "requires_grad")
        return wanted is None or is_constant(wanted.value, "False")
    if name not in PASSING_METHODS:
        return None
    if not facts.resolve(node.func).names:
        return Every((node.func.value,))
    return Every((node.args[0].value,)) if node.args else False


# Whether something is made of numbers, new tensors and buffers alone.
_is_leaf = inductive(_judge_leaf)


@remembered
def _is_written(definition: Definition, facts: FileFacts) -> bool:
    """Whether something is put into the tensor that a name holds, by ``[...] =`` or in place."""
    return any(_writes(use) for use in facts.flow.uses(definition))


def _writes(use: Use) -> bool:
    if use.kind is UseKind.METHOD:
        return isinstance(use.slot, str) and use.slot.endswith("_")
    return use.kind is UseKind.MUTATED


def _is_frozen(node: cst.Attribute, facts: FileFacts) -> bool:
    """Whether ``node`` is a buffer of ``self``, or a parameter with ``requires_grad=False``."""
    owner = facts.flow.class_of_self(node.value)
    if owner is None:
        return False
    stored, _ = facts.flow.attributes.stored(owner, node.attr.value)
    every = [each for each in stored if each.registered or not is_constant(each.value, "None")]
    return bool(every) and all(_makes_frozen(each, facts) for each in every)


def _makes_frozen(stored: Stored, facts: FileFacts) -> bool:
    if stored.registered is not None:
        return stored.registered == "register_buffer"
    if not isinstance(stored.value, cst.Call) or stored.path:
        return False
    if facts.means(stored.value.func, *PARAMETER_TYPES):
        wanted = argument(stored.value, "requires_grad", 1)
        return wanted is not None and is_constant(wanted.value, "False")
    return facts.means(stored.value.func, *BUFFER_TYPES)


# Surroundings.


def _is_cut_off(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the result is detached, there or by all uses of the name that it is given."""
    use = facts.flow.use(call)
    while use.kind in {UseKind.METHOD, UseKind.SUBSCRIPTED, UseKind.ATTRIBUTE}:
        if use.slot in CUTTING_METHODS:
            return True
        if not isinstance(use.by, cst.BaseExpression):
            return False
        use = facts.flow.use(use.by)
    if use.kind is not UseKind.REBOUND or not isinstance(use.by, cst.Assign):
        return False
    made = facts.flow.definition(use.by.targets[0].target)
    uses = facts.flow.uses(made) if made is not None and len(use.by.targets) == 1 else ()
    return bool(uses) and all(
        each.kind is UseKind.METHOD and each.slot in CUTTING_METHODS for each in uses
    )


def _is_outside_of_models(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the call stands in a class or function that computes nothing to be differentiated."""
    function = enclosing_function(call, facts)
    if function is not None and prepares(function.name.value):
        return True
    if function is not None and _DATA.search(function.name.value):
        return True
    owner = enclosing_class(call, facts)
    return owner is not None and _is_no_model(owner, facts)


@remembered
def _is_no_model(owner: cst.ClassDef, facts: FileFacts) -> bool:
    bases = [name for base in owner.bases for name in facts.resolve(base.value).names]
    return not AUTOGRAD_FUNCTIONS.isdisjoint(bases) or not (
        is_module_class(owner, facts) or forward_of(owner, facts) is not None
    )


def _off_step(above: cst.CSTNode, below: cst.CSTNode, outer: bool, facts: FileFacts) -> bool:
    if outer or not isinstance(above, (cst.With, cst.FunctionDef)) or above.body is not below:
        return outer
    if isinstance(above, cst.With):
        return any(_turns_off(item.item, facts) for item in above.items)
    return any(_turns_off(each.decorator, facts) for each in above.decorators)


# Whether a context manager or a decorator around has turned the gradients off.
_gradients_are_off = inherited(False, _off_step)


def _turns_off(expression: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``expression`` is ``torch.no_grad`` or its like, called or not."""
    called = expression.func if isinstance(expression, cst.Call) else expression
    if NO_GRADIENT.isdisjoint(facts.resolve(called).names):
        return False
    args = expression.args if isinstance(expression, cst.Call) else ()
    switched_by_value = facts.means(called, *SWITCHED_BY_VALUE)
    return not switched_by_value or (bool(args) and is_constant(args[0].value, "False"))
