"""What an annotation says of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, string_value
from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Confidence
from torchdet.reading.tensors.value_kinds import CERTAIN_TENSOR, Kind, Value
from torchdet.torch_api.returns import tensor_types

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_LONGEST = 200
_UNIONS = frozenset({"Union", "Optional"})
_SEQUENCES = frozenset({"List", "Tuple", "Sequence", "Iterable", "list", "tuple"})
_WRAPPERS = frozenset({"Annotated", "Final", "ClassVar"})
_JAXTYPING = frozenset(
    {"Float", "Int", "Bool", "Shaped", "Num", "Inexact", "Complex", "Integer", "UInt", "Real"}
)


def annotated_as(annotation: cst.BaseExpression | None, facts: FileFacts) -> Value | None:
    """What ``annotation`` says that a value is, beside ``None``; None where it says nothing."""
    if annotation is None:
        return None
    if _all_tensors(annotation, annotation, facts):
        return CERTAIN_TENSOR
    if _all_several(annotation, facts):
        return Value(Kind.SEVERAL, Confidence.CERTAIN)
    return None


def _all_several(annotation: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``annotation`` allows only lists or tuples of tensors, and ``None``."""
    members = [each for each in _alternatives(annotation) if not is_constant(each, "None")]
    return bool(members) and all(
        isinstance(each, cst.Subscript)
        and _last(each.value) in _SEQUENCES
        and all(
            _all_tensors(inner, annotation, facts)
            for inner in _inner(each)
            if not isinstance(inner, cst.Ellipsis)
        )
        for each in members
    )


def _all_tensors(
    annotation: cst.BaseExpression, anchor: cst.BaseExpression, facts: FileFacts
) -> bool:
    members = _members(annotation, anchor, facts)
    return bool(members) and all(members)


def _members(
    annotation: cst.BaseExpression, anchor: cst.BaseExpression, facts: FileFacts
) -> list[bool]:
    """For each type that ``annotation`` allows, whether it is a tensor's; ``None`` left out.

    Names are looked up where ``anchor`` stands, for those inside a string.
    """
    found: list[bool] = []
    for each in _alternatives(annotation):
        if is_constant(each, "None"):
            continue
        if isinstance(each, cst.Subscript) and _last(each.value) in _WRAPPERS | _JAXTYPING:
            inner = _inner(each)
            found += _members(inner[0], anchor, facts) if inner else [False]
            continue
        resolution = facts.resolver.expression(each, facts.scope(anchor))
        found.append(bool(resolution.names) and set(resolution.names) <= tensor_types())
    return found


def _alternatives(annotation: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The types that a union, an ``Optional`` or a string with one allows."""
    if isinstance(annotation, cst.SimpleString):
        parsed = _parsed(string_value(annotation) or "")
        return _alternatives(parsed) if parsed is not None else [annotation]
    if isinstance(annotation, cst.BinaryOperation):
        return [*_alternatives(annotation.left), *_alternatives(annotation.right)]
    if isinstance(annotation, cst.Subscript) and _last(annotation.value) in _UNIONS:
        return [each for inner in _inner(annotation) for each in _alternatives(inner)]
    return [annotation]


def _parsed(text: str) -> cst.BaseExpression | None:
    """The expression in a string annotation; long ones are left alone, they nest too deeply."""
    if not text.strip() or len(text) > _LONGEST:
        return None
    try:
        expression = cst.parse_expression(text.strip())
    except (cst.ParserSyntaxError, cst.CSTValidationError):
        return None
    return None if isinstance(expression, cst.SimpleString) else expression


def _inner(subscript: cst.Subscript) -> list[cst.BaseExpression]:
    return [
        element.slice.value for element in subscript.slice if isinstance(element.slice, cst.Index)
    ]


def _last(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
