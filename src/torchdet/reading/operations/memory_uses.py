"""Whether a use of a tensor fills its memory or reads what is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value
from torchdet.facts.flow.uses import Use, UseKind, is_target
from torchdet.facts.lazy import cst
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.returns import (
    TENSOR_ATTRIBUTES,
    several_functions,
    tensor_functions,
    tensor_methods,
)
from torchdet.torch_api.tensor_methods import (
    COMPARING_FUNCTIONS,
    FILLING_METHODS,
    JOINING_FUNCTIONS,
    PARTLY_FILLING,
    READING_IN_PLACE,
    SCALED_BY_BETA,
    SHAPE_ATTRIBUTES,
    SHAPE_FUNCTIONS,
    SHAPE_METHODS,
    VALUE_METHODS,
    VIEWS,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


class Effect(Enum):
    """What a use does with the memory of a tensor.

    ``CHANGES`` reads as well, in place. ``MAY_FILL`` also stands for what cannot be followed: a
    container, a call of unknown code.
    """

    READS = "reads"
    CHANGES = "changes"
    FILLS = "fills"
    MAY_FILL = "may fill"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """A use of a tensor's memory by ``node``, in which the expression ``through`` stands for it."""

    node: cst.CSTNode
    through: cst.BaseExpression
    effect: Effect

    @property
    def reads(self) -> bool:
        """Whether it takes the values that are there."""
        return self.effect in {Effect.READS, Effect.CHANGES}

    @property
    def place(self) -> cst.CSTNode:
        """The node that is evaluated when the use happens."""
        return self.node if isinstance(self.node, _OPERATIONS) else self.through


_OPERATIONS = (
    *(cst.Attribute, cst.BinaryOperation, cst.Call, cst.Comparison, cst.Subscript),
    cst.UnaryOperation,
)

OfParameter = Callable[[cst.Param], Effect]
"""What a function of the file does with the tensor that a parameter gets."""


def memory_uses(
    node: cst.BaseExpression, facts: FileFacts, of_parameter: OfParameter
) -> list[MemoryUse] | None:
    """What fills or reads the tensor ``node``, through names and views of it, in its own body.

    None where a function inside the body uses it: that may run at any time.
    """

    def passes(each: cst.BaseExpression) -> tuple[cst.BaseExpression, ...] | None:
        viewed = _viewed(each, facts)
        return (viewed,) if viewed is not None else None

    found: list[MemoryUse] = []
    for arrival in facts.flow.reaches(node, passes, inside=True).ends:
        use = arrival.use
        if use.captured:
            return None
        effect = _effect_of(use, facts, of_parameter)
        if effect is not Effect.NONE:
            found.append(MemoryUse(use.by, use.node, effect))
    return found


def _viewed(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression | None:
    """The tensor whose memory ``node`` shows as well."""
    if is_target(node, facts.index.parents):
        return None
    if isinstance(node, cst.Subscript):
        return node.value
    if isinstance(node, cst.Attribute):
        return node.value if node.attr.value in TENSOR_ATTRIBUTES - SHAPE_ATTRIBUTES else None
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    if node.func.attr.value not in VIEWS or facts.flow.callees(node):
        return None
    names = facts.resolve(node.func).names
    if not names:
        return node.func.value
    of_torch = all(name.startswith("torch.") for name in names)
    return node.args[0].value if of_torch and node.args else None


def _effect_of(use: Use, facts: FileFacts, of_parameter: OfParameter) -> Effect:
    by = use.by
    if use.kind in _WITHOUT_EFFECT:
        return Effect.NONE
    if use.kind is UseKind.OPERAND:
        return Effect.READS
    if use.kind is UseKind.AUGMENTED:
        return Effect.CHANGES
    if use.kind is UseKind.COMPARED and isinstance(by, cst.Comparison):
        identity = (cst.Is, cst.IsNot, cst.In, cst.NotIn)
        asks = any(isinstance(each.operator, identity) for each in by.comparisons)
        return Effect.NONE if asks else Effect.READS
    if use.kind is UseKind.METHOD and isinstance(by, cst.Call):
        return _of_method(str(use.slot), by)
    if use.kind is UseKind.ATTRIBUTE:
        return Effect.NONE if use.slot in SHAPE_ATTRIBUTES else Effect.MAY_FILL
    if use.kind is UseKind.MUTATED:
        return _of_mutation(use, facts)
    if use.kind is UseKind.ARGUMENT and isinstance(by, cst.Call):
        return _of_argument(use, by, facts, of_parameter)
    if use.kind is UseKind.ELEMENT:
        return _of_element(by, facts)
    return Effect.MAY_FILL


_WITHOUT_EFFECT = frozenset(
    {UseKind.TESTED, UseKind.DISCARDED, UseKind.DELETED, UseKind.ANNOTATION}
)


def _of_mutation(use: Use, facts: FileFacts) -> Effect:
    """``x[i] += 1`` reads, ``x[i] = 1`` fills; ``x.requires_grad = True`` does neither."""
    if isinstance(facts.parent(use.by), cst.AugAssign):
        return Effect.CHANGES
    if isinstance(use.by, cst.Subscript):
        return Effect.FILLS if _is_whole(use.by) else Effect.MAY_FILL
    return Effect.NONE if use.slot in SHAPE_ATTRIBUTES else Effect.MAY_FILL


def _is_whole(node: cst.Subscript) -> bool:
    """Whether it is ``x[:]`` or ``x[...]``."""
    only = node.slice[0].slice if len(node.slice) == 1 else None
    if isinstance(only, cst.Index):
        return isinstance(only.value, cst.Ellipsis)
    return isinstance(only, cst.Slice) and only.lower is None and only.upper is None


@cache
def _reading_methods() -> frozenset[str]:
    new = tensor_methods() - VIEWS - SHAPE_METHODS - PARTLY_FILLING
    return new | READING_IN_PLACE | VALUE_METHODS


def reads_its_tensor(method: str) -> bool:
    """Whether a method of that name may read the values of the tensor that it is called on."""
    return method in _reading_methods()


@cache
def _reading_functions() -> frozenset[str]:
    others = VIEWS | SHAPE_METHODS | PARTLY_FILLING
    return frozenset(
        name
        for name in tensor_functions() | several_functions() | COMPARING_FUNCTIONS
        if not name.endswith("_") and name.rpartition(".")[2] not in others
    )


def _of_method(name: str, call: cst.Call) -> Effect:
    if name in SHAPE_METHODS or _ignores_input(name, call):
        return Effect.NONE
    if argument(call, "include_self") is not None:
        return Effect.MAY_FILL  # `scatter_reduce_` may leave the values out
    if name in READING_IN_PLACE:
        return Effect.CHANGES
    if name in _reading_methods():
        return Effect.READS
    return Effect.FILLS if name in FILLING_METHODS else Effect.MAY_FILL


def _of_argument(use: Use, call: cst.Call, facts: FileFacts, of_parameter: OfParameter) -> Effect:
    if use.slot == "out":
        return Effect.MAY_FILL
    callees = facts.flow.callees(call)
    if callees:
        return _of_local_call(use, call, facts, of_parameter)
    names = facts.resolve(call.func).names
    if not names:
        return _of_method_argument(call, facts)
    lasts = {name.rpartition(".")[2] for name in names}
    if use.slot == 0 and all(_ignores_input(last, call) for last in lasts):
        return Effect.NONE
    if all(name in _reading_functions() for name in names):
        return Effect.READS
    of_torch = all(name.startswith("torch.") for name in names)
    asks = of_torch and (lasts <= SHAPE_METHODS or set(names) <= SHAPE_FUNCTIONS)
    asks = asks or set(names) <= {"builtins.len", "builtins.isinstance", "builtins.type"}
    return Effect.NONE if asks else Effect.MAY_FILL


def _of_local_call(use: Use, call: cst.Call, facts: FileFacts, of_parameter: OfParameter) -> Effect:
    """What the one function of the file that is called does with its parameter."""
    arg = facts.parent(use.node)
    parameter = facts.flow.parameter(call, arg) if isinstance(arg, cst.Arg) else None
    if parameter is None or parameter.star or facts.flow.callees(call)[0].made is not None:
        return Effect.MAY_FILL
    return of_parameter(parameter)


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


def _of_element(container: cst.CSTNode, facts: FileFacts) -> Effect:
    """An element of the list that ``torch.cat`` and its like join is read.

    Not where it pads what is sent to other processes, which cut it off again.
    """
    arg = facts.parent(container)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and call.args[0] is arg:
        names = facts.resolve(call.func).names
        if names and set(names) <= JOINING_FUNCTIONS and not _is_only_sent(call, facts):
            return Effect.READS
    return Effect.MAY_FILL


def _is_only_sent(call: cst.Call, facts: FileFacts) -> bool:
    """Whether nothing but functions of ``torch.distributed`` get the result."""
    uses = [each.use for each in facts.flow.reaches(call, inside=True).ends]
    return bool(uses) and all(
        use.kind is UseKind.ARGUMENT
        and isinstance(use.by, cst.Call)
        and any(name.startswith("torch.distributed.") for name in facts.resolve(use.by.func).names)
        for use in uses
    )
