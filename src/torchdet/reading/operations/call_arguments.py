"""What a call in a file passes, for the conditions of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import (
    argument,
    has_unpacking,
    int_value,
    is_constant,
    string_value,
)
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind
from torchdet.reading.operations.number_kinds import holds_whole_numbers
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.condition_language import Absent, Opaque, Truth, Value
from torchdet.torch_api.signatures import Signature

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_CONSTANTS = {"True": True, "False": False, "None": None}
# Names that torch takes from NumPy for its own.
_ALIASES = {"dim": "axis", "keepdim": "keepdims"}
_RESHAPING = frozenset({"view", "reshape", "expand", "permute"})
_DEEPEST = 8


class CallArguments:
    """The arguments of ``call``, whose callee has ``signature``.

    ``usual`` is what the facts of the run count as that most calls meet. Where it is TRUE, a
    parameter of the function around the call counts as its default.
    """

    def __init__(
        self,
        call: cst.Call,
        signature: Signature | None,
        facts: FileFacts,
        usual: Truth = Truth.UNKNOWN,
    ) -> None:
        self._call = call
        self._signature = signature
        self._facts = facts
        self.usual = usual

    def expression(self, name: str) -> cst.BaseExpression | None:
        """What the call passes as ``name``; None where it does not, or hides it."""
        if self._signature is None:
            return None
        parameter = self._signature.parameters.get(name)
        if parameter is None:
            return None
        arg = argument(self._call, name, parameter.position)
        if arg is None and name in _ALIASES:
            arg = argument(self._call, _ALIASES[name])
        return arg.value if arg is not None else None

    def value(self, argument: str) -> Value:
        """The value of ``argument``; its default where the call leaves it out."""
        if self._signature is None:
            return Opaque()
        if argument in self._signature.fixed:
            return self._signature.fixed[argument]
        expression = self.expression(argument)
        if expression is not None:
            return folded(expression, self._facts, with_defaults=self.usual is Truth.TRUE)
        if has_unpacking(self._call):
            return Opaque()
        parameter = self._signature.parameters.get(argument)
        return parameter.default if parameter is not None else Absent()

    def passed(self, argument: str) -> Truth:
        """Whether the call passes ``argument`` itself."""
        if self.expression(argument) is not None:
            return Truth.TRUE
        return Truth.UNKNOWN if has_unpacking(self._call) else Truth.FALSE

    def is_tensor(self, argument: str) -> Truth:
        """Whether the value of ``argument`` is a tensor."""
        value = self.value(argument)
        if not isinstance(value, Opaque):
            return Truth.FALSE
        expression = self.expression(argument)
        if expression is not None and tensor_confidence(expression, self._facts) is not None:
            return Truth.TRUE
        return Truth.UNKNOWN

    def has_dims(self, argument: str, least: int) -> Truth:
        """Whether ``argument`` is a tensor of ``least`` dimensions or more."""
        expression = self.expression(argument)
        known = _dims(expression, self._facts) if expression is not None else None
        if known is None:
            return Truth.UNKNOWN
        count, exact = known
        if count >= least:
            return Truth.TRUE
        return Truth.FALSE if exact else Truth.UNKNOWN

    def is_integral(self, argument: str) -> Truth:
        """Whether ``argument`` is a tensor of whole numbers, by what made it or by its name."""
        expression = self.expression(argument)
        if expression is None and isinstance(self._call.func, cst.Attribute):
            expression = self._call.func.value  # the tensor whose method is called
        if expression is not None and holds_whole_numbers(expression, self._facts):
            return Truth.TRUE
        return Truth.UNKNOWN if self.usual is Truth.UNKNOWN else Truth.FALSE


def folded(
    node: cst.BaseExpression,
    facts: FileFacts,
    *,
    with_defaults: bool = False,
    depth: int = _DEEPEST,
) -> Value:
    """The value of an expression made of literals, and of names that are bound once to such.

    ``with_defaults`` takes parameters for their defaults.

    >>> from torchdet.facts.file_facts import FileFacts
    >>> from torchdet.facts.index import Wanted
    >>> from torchdet.model.source import SourceText
    >>> facts = FileFacts.parse(SourceText("n = 2; f((1, n))"), Wanted())
    >>> call = facts.module.body[0].body[1].value
    >>> folded(call.args[0].value, facts)
    (1, 2)
    """
    text = string_value(node)
    if text is not None:
        return text
    number = int_value(node)
    if number is not None:
        return number
    if isinstance(node, cst.Float):
        return float(node.value.replace("_", ""))
    if isinstance(node, cst.Name) and node.value in _CONSTANTS:
        return _CONSTANTS[node.value]
    if depth == 0:
        return Opaque()

    def part(inner: cst.BaseExpression) -> Value:
        return folded(inner, facts, with_defaults=with_defaults, depth=depth - 1)

    if isinstance(node, (cst.Tuple, cst.List)):
        if any(isinstance(element, cst.StarredElement) for element in node.elements):
            return Opaque()
        return tuple(part(element.value) for element in node.elements)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        return _repeated(part(node.left), part(node.right))
    bound = _only_value(node, facts, with_defaults=with_defaults)
    return part(bound) if bound is not None else Opaque()


def _repeated(left: Value, right: Value) -> Value:
    """``(0, 0) * 2``; other products are not worked out."""
    if isinstance(left, tuple) and type(right) is int and len(left) * right <= 16:
        return left * right
    return Opaque()


def _only_value(
    node: cst.BaseExpression, facts: FileFacts, *, with_defaults: bool = False
) -> cst.BaseExpression | None:
    """What a name is assigned, where it is bound only once."""
    if not isinstance(node, cst.Name):
        return None
    bindings = facts.bindings(node)
    if len(bindings) != 1:
        return None
    only = bindings[0]
    if only.kind is BindingKind.PARAMETER:
        # A default of None is what the caller replaces, or what is worked out later.
        usual = with_defaults and not is_constant(only.value, "None")
        return only.value if usual else None
    return only.value if only.kind is BindingKind.ASSIGNMENT else None


def _dims(
    node: cst.BaseExpression, facts: FileFacts, depth: int = _DEEPEST
) -> tuple[int, bool] | None:
    """How many dimensions a tensor has at least, and whether it has exactly so many."""
    bound = _only_value(node, facts)
    if bound is not None and depth:
        return _dims(bound, facts, depth - 1)
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    if has_unpacking(node):
        return None
    positions = [folded(arg.value, facts) for arg in node.args if arg.keyword is None]
    if node.func.attr.value in _RESHAPING and not facts.resolve(node.func).names:
        if len(positions) == 1 and not isinstance(positions[0], int):
            only = positions[0]
            return (len(only), True) if isinstance(only, tuple) else None
        return (len(positions), True) if positions else None
    if node.func.attr.value == "transpose" and len(positions) == 2:
        swapped = [each for each in positions if type(each) is int and each >= 0]
        return (max(swapped) + 1, False) if swapped else None
    return None
