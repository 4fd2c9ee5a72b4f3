"""Whether a use of a tensor fills its memory or reads what is in it."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value
from torchdet.facts.lazy import cst
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.returns import several_functions, tensor_functions, tensor_methods
from torchdet.torch_api.tensor_methods import (
    READING_IN_PLACE,
    SCALED_BY_BETA,
    SHAPE_ATTRIBUTES,
    SHAPE_METHODS,
    VIEWS,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


class Effect(Enum):
    """What a use does with the memory of a tensor.

    ``MAY_FILL`` also stands for what cannot be followed: another name, a call of unknown code.
    """

    READS = "reads"
    MAY_FILL = "may fill"
    NONE = "none"


_MORE_READING_METHODS = frozenset({"item", "tolist", "sort", "topk", "allclose", "equal"})
_GATHERING = frozenset({"torch.cat", "torch.concat", "torch.hstack", "torch.stack", "torch.vstack"})


@cache
def _reading_methods() -> frozenset[str]:
    new = tensor_methods() - VIEWS - SHAPE_METHODS
    return new | READING_IN_PLACE | _MORE_READING_METHODS


def reads_its_tensor(method: str) -> bool:
    """Whether a method of that name may read the values of the tensor that it is called on."""
    return method in _reading_methods()


@cache
def _reading_functions() -> frozenset[str]:
    return frozenset(
        name
        for name in tensor_functions() | several_functions() | {"torch.allclose", "torch.equal"}
        if not name.endswith("_") and name.rpartition(".")[2] not in VIEWS | SHAPE_METHODS
    )


def effect_of(use: cst.BaseExpression, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    """What the expression around ``use``, a tensor, does with it, and that expression."""
    parent = facts.parent(use)
    if isinstance(parent, cst.Attribute) and parent.value is use:
        return _of_attribute(parent, facts)
    if isinstance(parent, cst.Arg):
        return _of_argument(parent, facts)
    if isinstance(parent, cst.Element):
        return _of_element(parent, facts)
    if isinstance(parent, cst.Subscript) and parent.value is use:
        return _of_subscript(parent, facts)
    if isinstance(parent, cst.ComparisonTarget):
        parent = facts.parent(parent)
    return _of_operator(parent, use), parent


def _of_operator(parent: cst.CSTNode, use: cst.BaseExpression) -> Effect:
    if isinstance(parent, cst.Comparison):
        identity = (cst.Is, cst.IsNot, cst.In, cst.NotIn)
        asks = any(isinstance(each.operator, identity) for each in parent.comparisons)
        return Effect.NONE if asks else Effect.READS
    if isinstance(parent, cst.UnaryOperation):
        return Effect.NONE if isinstance(parent.operator, cst.Not) else Effect.READS
    if isinstance(parent, cst.BinaryOperation):
        return Effect.READS
    if isinstance(parent, cst.AugAssign) and parent.target is use:
        return Effect.READS
    return Effect.NONE if isinstance(parent, (cst.Expr, cst.Del)) else Effect.MAY_FILL


def _of_attribute(node: cst.Attribute, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    name = node.attr.value
    call = facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node:
        return (Effect.NONE if name in SHAPE_ATTRIBUTES else Effect.MAY_FILL), node
    if name in SHAPE_METHODS or _ignores_input(name, call):
        return Effect.NONE, call
    if argument(call, "include_self") is not None:
        return Effect.MAY_FILL, call  # `scatter_reduce_` may leave the values out
    return (Effect.READS if name in _reading_methods() else Effect.MAY_FILL), call


def _of_argument(arg: cst.Arg, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    call = facts.parent(arg)
    if not isinstance(call, cst.Call) or arg.star:
        return Effect.MAY_FILL, call
    if arg.keyword is not None and arg.keyword.value == "out":
        return Effect.MAY_FILL, call
    names = facts.resolve(call.func).names
    if not names:
        return _of_method_argument(call, facts), call
    if call.args[0] is arg and _ignores_input(names[0].removeprefix("torch."), call):
        return Effect.NONE, call
    if all(name in _reading_functions() for name in names):
        return Effect.READS, call
    lasts = {name.rpartition(".")[2] for name in names}
    of_torch = all(name.startswith("torch.") for name in names)
    asks = of_torch and lasts <= SHAPE_METHODS | {"is_tensor"}
    asks = asks or set(names) <= {"builtins.len", "builtins.isinstance", "builtins.type"}
    return (Effect.NONE if asks else Effect.MAY_FILL), call


def _ignores_input(name: str, call: cst.Call) -> bool:
    """Whether it is ``baddbmm(x, ..., beta=0)``; a ``beta`` that only the run knows counts too."""
    beta = argument(call, "beta")
    return name in SCALED_BY_BETA and beta is not None and int_value(beta.value) != 1


def _of_method_argument(call: cst.Call, facts: FileFacts) -> Effect:
    """``y.copy_(x)`` and its like read their argument, where ``y`` is a tensor."""
    if isinstance(call.func, cst.Attribute) and (
        call.func.attr.value in _reading_methods() | {"copy_"}
        and tensor_confidence(call.func.value, facts) is not None
    ):
        return Effect.READS
    return Effect.MAY_FILL


def _of_element(element: cst.Element, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    """An element of the list that ``torch.cat`` and its like join is read."""
    arg = facts.parent(facts.parent(element))
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and call.args[0] is arg:
        names = facts.resolve(call.func).names
        if names and set(names) <= _GATHERING:
            return Effect.READS, call
    return Effect.MAY_FILL, element


def _of_subscript(node: cst.Subscript, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    parent = facts.parent(node)
    if isinstance(parent, cst.AugAssign) and parent.target is node:
        return Effect.READS, parent
    return Effect.MAY_FILL, node
