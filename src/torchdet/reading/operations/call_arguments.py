"""What a call in a file passes, for the conditions of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import (
    argument,
    has_unpacking,
    is_constant,
    literal_value,
)
from torchdet.facts.lazy import cst
from torchdet.reading.operations.number_kinds import holds_whole_numbers
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.condition_language import Absent, Opaque, Truth, Value
from torchdet.torch_api.signatures import NUMPY_KEYWORDS, Signature
from torchdet.torch_api.tensor_methods import SIZED_METHODS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


class CallArguments:
    """The arguments of ``call``, whose callee has ``signature``.

    ``usual`` is what the facts of the run count as that most calls meet. Where it is TRUE, the
    file counts as showing all values: a parameter has its default, or what the file passes.
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
        if arg is None and name in NUMPY_KEYWORDS:
            arg = argument(self._call, NUMPY_KEYWORDS[name])
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


def folded(node: cst.BaseExpression, facts: FileFacts, *, with_defaults: bool = False) -> Value:
    """The value of an expression made of literals, and of names that can hold nothing else.

    ``with_defaults`` takes what the file shows for all that there is: a parameter has its default,
    or what the calls in the file pass.

    >>> from torchdet.facts.file_facts import FileFacts
    >>> from torchdet.facts.index import Wanted
    >>> from torchdet.model.source import SourceText
    >>> facts = FileFacts.parse(SourceText("n = 2; f((1, n))"), Wanted())
    >>> call = facts.module.body[0].body[1].value
    >>> folded(call.args[0].value, facts)
    (1, 2)
    """
    sources = facts.flow.sources(node)
    if not sources.complete and not with_defaults:
        return Opaque()
    shown = [each for each in sources.every if not isinstance(each.node, cst.Param)]
    values: list[Value] = [
        Opaque() if each.path else _literal(each.node, facts, with_defaults=with_defaults)
        for each in shown
    ]
    if not values or any(repr(value) != repr(values[0]) for value in values):
        return Opaque()
    # A default of None is what the caller replaces, or what is worked out later.
    return Opaque() if values[0] is None and not sources.complete else values[0]


def _literal(node: cst.CSTNode, facts: FileFacts, *, with_defaults: bool) -> Value:
    """The value of a literal, or of a tuple or list of what has a value."""
    literal = literal_value(node)
    if literal is not None:
        return literal
    if isinstance(node, cst.Float):
        return float(node.value.replace("_", ""))
    if isinstance(node, (cst.Tuple, cst.List)):
        if any(isinstance(element, cst.StarredElement) for element in node.elements):
            return Opaque()
        inner = [element.value for element in node.elements]
        return tuple(folded(each, facts, with_defaults=with_defaults) for each in inner)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        left = folded(node.left, facts, with_defaults=with_defaults)
        return _repeated(left, folded(node.right, facts, with_defaults=with_defaults))
    return None if is_constant(node, "None") else Opaque()


def _repeated(left: Value, right: Value) -> Value:
    """``(0, 0) * 2``; other products are not worked out."""
    if isinstance(left, tuple) and type(right) is int and len(left) * right <= 16:
        return left * right
    return Opaque()


def _dims(node: cst.BaseExpression, facts: FileFacts) -> tuple[int, bool] | None:
    """How many dimensions a tensor has at least, and whether it has exactly so many."""
    sources = facts.flow.sources(node)
    found = {_dims_given(each.node, facts) for each in sources.every if not each.path}
    return found.pop() if sources.complete and len(found) == 1 else None


def _dims_given(node: cst.CSTNode, facts: FileFacts) -> tuple[int, bool] | None:
    """How many dimensions a call gives its result by its arguments."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    if has_unpacking(node):
        return None
    positions = [folded(arg.value, facts) for arg in node.args if arg.keyword is None]
    if node.func.attr.value in SIZED_METHODS and not facts.resolve(node.func).names:
        if len(positions) == 1 and not isinstance(positions[0], int):
            only = positions[0]
            return (len(only), True) if isinstance(only, tuple) else None
        return (len(positions), True) if positions else None
    if node.func.attr.value == "transpose" and len(positions) == 2:
        swapped = [each for each in positions if type(each) is int and each >= 0]
        return (max(swapped) + 1, False) if swapped else None
    return None
