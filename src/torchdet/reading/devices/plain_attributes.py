"""Tensors that a module keeps in plain attributes, neither as parameters nor as buffers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_class, enclosing_function
from torchdet.facts.expressions import argument, has_unpacking
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.reading.tensors.module_classes import is_module_class

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

# Methods after which a tensor is still on the device on which it was.
_KEEPING = frozenset(
    (
        *("abs", "bool", "clone", "contiguous", "cos", "cumsum", "detach", "double", "exp"),
        *("expand", "expand_as", "flatten", "flip", "float", "half", "int", "log", "long", "mul"),
        *("permute", "pow", "repeat", "reshape", "sin", "sqrt", "squeeze", "sum", "t", "transpose"),
        *("type", "unsqueeze", "view"),
    )
)
_MOVING = ("_apply", "to", "cuda")


@dataclass(frozen=True, slots=True)
class PlainAttribute:
    """``statement`` assigns a tensor of the CPU to ``target``, an attribute of a module."""

    owner: cst.ClassDef
    name: str
    target: cst.Attribute
    statement: cst.CSTNode


def plain_attribute(made: cst.Call, facts: FileFacts) -> PlainAttribute | None:
    """The attribute that keeps the tensor that ``made`` makes on the CPU."""
    if argument(made, "device") is not None or has_unpacking(made):
        return None
    owner, function = enclosing_class(made, facts), enclosing_function(made, facts)
    if owner is None or function is None or function.name.value != "__init__":
        return None
    value = _outermost(made, facts)
    statement = facts.parent(value)
    targets = statement.targets if isinstance(statement, cst.Assign) else ()
    target = targets[0].target if len(targets) == 1 else None
    if not isinstance(target, cst.Attribute) or facts.flow.class_of_self(target.value) is not owner:
        return None
    name = target.attr.value
    attributes = facts.flow.attributes
    stored, _ = attributes.stored(owner, name)
    if len(stored) != 1 or any(attributes.method(owner, each) is not None for each in _MOVING):
        return None
    if not is_module_class(owner, facts) or attributes.method(owner, "forward") is None:
        return None
    return PlainAttribute(owner, name, target, statement)


def _outermost(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression:
    """The expression around ``node`` that is on the same device: parts, views, arithmetic."""
    while True:
        above = facts.parent(node)
        if isinstance(above, cst.Attribute) and above.attr.value in _KEEPING:
            call = facts.parent(above)
            if not isinstance(call, cst.Call) or call.func is not above:
                return node
            node = call
        elif isinstance(above, cst.Subscript) and above.value is not node:
            return node
        elif isinstance(above, (cst.BinaryOperation, cst.Subscript, cst.UnaryOperation)):
            node = above
        else:
            return node


def meets_other_tensors(attribute: PlainAttribute, facts: FileFacts) -> bool:
    """Whether a method computes with the attribute and a tensor that came from its caller."""

    def transfer(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
        method = node.func if isinstance(node, cst.Call) else None
        if isinstance(method, cst.Attribute) and method.attr.value in _KEEPING:
            yield method.value
        elif isinstance(node, cst.Subscript):
            yield node.value
        elif isinstance(node, cst.UnaryOperation):
            yield node.expression

    reads = facts.flow.attributes.read(attribute.owner, attribute.name)
    return any(
        _joins(arrival.use, facts)
        for read in reads
        if _is_read_later(read, facts)
        for arrival in facts.flow.reaches(read, transfer).ends
    )


def _is_read_later(read: cst.BaseExpression, facts: FileFacts) -> bool:
    function = enclosing_function(read, facts)
    return function is not None and function.name.value != "__init__"


def _joins(use: Use, facts: FileFacts) -> bool:
    """Whether ``use`` is an operation with another tensor, one that the caller gave."""
    by = use.by
    if use.kind is UseKind.OPERAND and isinstance(by, cst.BinaryOperation):
        other = by.right if by.left is use.node else by.left
        return _is_from_caller(other, facts)
    if use.kind is UseKind.ARGUMENT and isinstance(by, cst.Call):
        names = facts.resolve(by.func).names
        if not names or not all(name.startswith("torch.") for name in names):
            return False
        others = (arg.value for arg in by.args if arg.value is not use.node)
        return any(_is_from_caller(each, facts) for each in others)
    return False


def _is_from_caller(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is a tensor that was made out of a parameter of the method."""
    if tensor_confidence(node, facts) is None:
        return False

    def transfer(each: cst.BaseExpression) -> list[cst.BaseExpression] | None:
        if isinstance(each, cst.Call):
            on = [each.func.value] if isinstance(each.func, cst.Attribute) else []
            return [*on, *(arg.value for arg in each.args)]
        if isinstance(each, cst.BinaryOperation):
            return [each.left, each.right]
        if isinstance(each, (cst.Subscript, cst.Attribute)):
            return [each.value]
        return None

    ends = facts.flow.sources(node, transfer).every
    parameters = [each.node for each in ends if isinstance(each.node, cst.Param)]
    return any(facts.flow.attributes.owner_of_first(each) is None for each in parameters)
