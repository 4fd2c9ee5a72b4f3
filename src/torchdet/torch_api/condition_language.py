"""The closed language in which the catalogue says on which calls a row speaks.

A condition is a Python expression of this grammar, and of nothing else:

    True                                always
    mode == 'area'    dim != None       the value of an argument, its default included
    mode in ('linear', 'bicubic')       one of several values
    every(output_size, 1)               the value, or each element of a tuple or list of it
    len(pad) == 2                       the number of elements of a tuple or list
    passed(dim)                         the call passes the argument, whatever its value
    tensor(repeats)                     the argument is a tensor
    dims(input, 3)                      the argument is a tensor of three dimensions or more
    integral(input)                     the argument is a tensor of whole numbers
    runtime('ties')                     what only a run can tell; see ``RUNTIME_FACTS``
    usual('floating-dtype')             the same, of what most such calls meet
    not A      A and B      A or B      (...)

Evaluation has three answers. What a call does not tell stays unknown, and an unknown part decides
nothing that the other parts leave open. ``str`` gives the text back.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Protocol, TypeAlias

Literal: TypeAlias = "str | int | float | bool | None"

RUNTIME_FACTS = MappingProxyType(
    {
        "atomic-kernel": "the kernel that is chosen adds with atomics",
        "attention-cudnn": "the cuDNN attention backend is chosen",
        "attention-efficient": "the memory-efficient attention backend is chosen",
        "attention-flash": "the flash attention backend is chosen",
        "autotuned": "kernels are chosen by timing them",
        "cached-state": "state that an earlier call or process left behind is used again",
        "class-targets": "the targets are class indices, not probabilities",
        "compiled": "the code runs compiled by torch.compile",
        "completion-order": "results are used in the order in which they were ready",
        "concurrent-backward": "backward runs in several threads into the same .grad",
        "cudnn-choice": "cuDNN would choose an algorithm that is not deterministic",
        "cudnn-eligible": "cuDNN's implementation accepts the inputs",
        "data-dependent": "tiny differences of the input decide on the path that is taken",
        "degenerate": "the mathematical answer is not unique (signs, phases, equal values)",
        "device-missing": "the device that is seeded or asked for is absent",
        "drawn-in-worker": "numbers are drawn in a worker of a data loader",
        "duplicate-indices": "several source elements go to one place",
        "environment": "the environment variable holds such a value",
        "flag-after-forward": "the flag is off in the forward pass and on in the backward pass",
        "flag-after-setup": "the flag is turned on after the process group was made",
        "flag-off": "deterministic mode is off",
        "float32": "the data type is float32",
        "floating-dtype": "the data type is floating point or complex",
        "global-generator": "numbers are drawn from the process's global generator",
        "half-precision": "the data type is 8 or 16 bits wide",
        "hardware": "the result depends on the model of the processor",
        "indivisible-sizes": "an input extent is not a multiple of the output extent",
        "input-dims-1": "the input has one dimension, or one that is not of size 1",
        "integral-dtype": "the data type is an integer or bool",
        "large-input": "the input has 32768 elements or more",
        "library-version": "the installed version of a library behind PyTorch matters",
        "native-kernel": "PyTorch's own kernel is chosen, not cuDNN's",
        "not-seeded": "nothing has seeded the generator",
        "order-used": "the order of the elements reaches a result",
        "other-process-start": "workers are started by spawn or forkserver",
        "overlapping-view": "elements of the tensor share memory",
        "quantized": "the tensor is quantized",
        "raw-operator": "the operator is called without torch.nn.functional, or by TorchScript",
        "read-before-fill": "the memory is read before anything was written to it",
        "rebuilt-native-kernels": "CuTeDSL or Triton is installed and replaces the kernel",
        "several-processes": "several processes or ranks take part",
        "several-streams": "several streams work on the same data or workspace",
        "tensor-source": "what is added or multiplied is a tensor, not a number",
        "several-threads": "more than one thread takes part",
        "shared-memory": "several workers write to the same parameters without locks",
        "sparse-2d": "the first operand is a sparse matrix",
        "sparse-3d": "the first operand is a sparse COO tensor of three dimensions",
        "ties": "several elements are equal where the answer depends on which is taken",
        "training": "the module is in training mode",
        "unsynchronised": "the copy is read, or its source written, before it has finished",
        "user-kernel": "a kernel from outside PyTorch adds with atomics",
        "value-flows-to-seed": "the value becomes a seed, an order, a name or a split",
        "warn-only": "deterministic mode is on with warn_only=True",
        "written-in-place": "an in-place operation writes to the view",
    }
)
"""What only a run can tell, by the name that conditions use, each with a sentence."""


class Truth(Enum):
    """The three answers, by Kleene's rules.

    >>> Truth.UNKNOWN & Truth.FALSE, Truth.UNKNOWN & Truth.TRUE, ~Truth.UNKNOWN
    (<Truth.FALSE: 0>, <Truth.UNKNOWN: 1>, <Truth.UNKNOWN: 1>)
    """

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def __and__(self, other: Truth) -> Truth:
        return Truth(min(self.value, other.value))

    def __or__(self, other: Truth) -> Truth:
        return Truth(max(self.value, other.value))

    def __invert__(self) -> Truth:
        return Truth(2 - self.value)

    @classmethod
    def of(cls, known: bool) -> Truth:
        """The answer to something that is known."""
        return cls.TRUE if known else cls.FALSE


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that the source does not tell. ``length`` is known of some tuples and lists."""

    length: int | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """No value: the argument is not passed and has no default."""


Value: TypeAlias = "Literal | tuple[Value, ...] | Opaque | Absent"


class Arguments(Protocol):
    """What a call passes. A rule answers from the tree, a test from plain values."""

    def value(self, argument: str) -> Value:
        """The value of ``argument``; its default where the call leaves it out."""

    def passed(self, argument: str) -> Truth:
        """Whether the call passes ``argument`` itself."""

    def is_tensor(self, argument: str) -> Truth:
        """Whether the value of ``argument`` is a tensor."""

    def has_dims(self, argument: str, least: int) -> Truth:
        """Whether the value of ``argument`` is a tensor of ``least`` dimensions or more."""

    def is_integral(self, argument: str) -> Truth:
        """Whether the value of ``argument`` is a tensor of whole numbers."""

    @property
    def usual(self) -> Truth:
        """What the facts count as that most calls meet: unknown, or taken for granted."""


@dataclass(frozen=True, slots=True)
class Always:
    """Every call."""

    def __str__(self) -> str:
        return "True"

    def truth(self, call: Arguments) -> Truth:  # noqa: ARG002 -- one signature for all nodes
        return Truth.TRUE


@dataclass(frozen=True, slots=True)
class OneOf:
    """The argument's value is one of ``values``."""

    argument: str
    values: tuple[Literal, ...]

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{self.argument} == {self.values[0]!r}"
        return f"{self.argument} in {self.values!r}"

    def truth(self, call: Arguments) -> Truth:
        value = call.value(self.argument)
        if isinstance(value, Opaque):
            return Truth.UNKNOWN
        return Truth.of(any(_same(value, each) for each in self.values))


@dataclass(frozen=True, slots=True)
class Every:
    """The argument's value, or each element of it, is ``literal``."""

    argument: str
    literal: Literal

    def __str__(self) -> str:
        return f"every({self.argument}, {self.literal!r})"

    def truth(self, call: Arguments) -> Truth:
        value = call.value(self.argument)
        answer = Truth.TRUE
        for element in value if isinstance(value, tuple) else (value,):
            opaque = isinstance(element, Opaque)
            answer &= Truth.UNKNOWN if opaque else Truth.of(_same(element, self.literal))
        return answer


@dataclass(frozen=True, slots=True)
class Length:
    """The argument is a tuple or list of ``length`` elements."""

    argument: str
    length: int

    def __str__(self) -> str:
        return f"len({self.argument}) == {self.length}"

    def truth(self, call: Arguments) -> Truth:
        value = call.value(self.argument)
        if isinstance(value, Opaque):
            known = value.length
            return Truth.UNKNOWN if known is None else Truth.of(known == self.length)
        return Truth.of(isinstance(value, tuple) and len(value) == self.length)


@dataclass(frozen=True, slots=True)
class Passed:
    """The call passes the argument."""

    argument: str

    def __str__(self) -> str:
        return f"passed({self.argument})"

    def truth(self, call: Arguments) -> Truth:
        return call.passed(self.argument)


@dataclass(frozen=True, slots=True)
class IsTensor:
    """The argument's value is a tensor."""

    argument: str

    def __str__(self) -> str:
        return f"tensor({self.argument})"

    def truth(self, call: Arguments) -> Truth:
        return call.is_tensor(self.argument)


@dataclass(frozen=True, slots=True)
class Dims:
    """The argument is a tensor of ``least`` dimensions or more."""

    argument: str
    least: int

    def __str__(self) -> str:
        return f"dims({self.argument}, {self.least})"

    def truth(self, call: Arguments) -> Truth:
        return call.has_dims(self.argument, self.least)


@dataclass(frozen=True, slots=True)
class Integral:
    """The argument is a tensor of whole numbers."""

    argument: str

    def __str__(self) -> str:
        return f"integral({self.argument})"

    def truth(self, call: Arguments) -> Truth:
        return call.is_integral(self.argument)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A fact that no source text tells. Only a ``usual`` one may be taken for granted."""

    fact: str
    usual: bool = False

    def __str__(self) -> str:
        return f"usual({self.fact!r})" if self.usual else f"runtime({self.fact!r})"

    def truth(self, call: Arguments) -> Truth:
        return call.usual if self.usual else Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    operand: Condition

    def __str__(self) -> str:
        if isinstance(self.operand, OneOf) and len(self.operand.values) == 1:
            return f"{self.operand.argument} != {self.operand.values[0]!r}"
        return f"not {_operand(self.operand)}"

    def truth(self, call: Arguments) -> Truth:
        return ~self.operand.truth(call)


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    operands: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(map(_operand, self.operands))

    def truth(self, call: Arguments) -> Truth:
        answer = Truth.TRUE
        for operand in self.operands:
            answer &= operand.truth(call)
        return answer


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    operands: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(map(_operand, self.operands))

    def truth(self, call: Arguments) -> Truth:
        answer = Truth.FALSE
        for operand in self.operands:
            answer |= operand.truth(call)
        return answer


Condition: TypeAlias = (
    "Always | OneOf | Every | Length | Passed | IsTensor | Dims | Integral | Runtime"
    " | Not | And | Or"
)


def _same(value: Value, literal: Literal) -> bool:
    """Equality that tells ``True`` from ``1``."""
    return isinstance(value, bool) == isinstance(literal, bool) and value == literal


def can_be_told(condition: Condition) -> bool:
    """Whether some call's text can say that ``condition`` holds, usual facts taken for granted.

    >>> can_be_told(parse_condition("mode == 'max' and runtime('ties')"))
    False
    """
    return _reachable(condition, wanted=True)


def _reachable(condition: Condition, *, wanted: bool) -> bool:
    if isinstance(condition, Runtime):
        return condition.usual and wanted
    if isinstance(condition, Always):
        return wanted
    if isinstance(condition, Not):
        return _reachable(condition.operand, wanted=not wanted)
    if isinstance(condition, (And, Or)):
        all_needed = isinstance(condition, And) is wanted
        parts = (_reachable(operand, wanted=wanted) for operand in condition.operands)
        return all(parts) if all_needed else any(parts)
    return True


def arguments_of(condition: Condition) -> frozenset[str]:
    """The names of the arguments that ``condition`` asks for.

    >>> sorted(arguments_of(parse_condition("passed(dim) and not mode == 'area'")))
    ['dim', 'mode']
    """
    if isinstance(condition, (And, Or)):
        return frozenset().union(*map(arguments_of, condition.operands))
    if isinstance(condition, Not):
        return arguments_of(condition.operand)
    if isinstance(condition, (Always, Runtime)):
        return frozenset()
    return frozenset({condition.argument})


def _operand(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, (And, Or)) else str(condition)


class ConditionError(ValueError):
    """A text that is no condition. The message says what stands there and what may."""


@cache
def parse_condition(text: str) -> Condition:
    """Read a condition. Raises ``ConditionError``.

    >>> parse_condition("mode == 'area'")
    OneOf(argument='mode', values=('area',))
    >>> str(parse_condition("not (mode == 'max' and passed(dim))"))
    "not (mode == 'max' and passed(dim))"
    """
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ConditionError(f"{text!r} is no expression: {error.msg}") from None
    return _condition(tree.body)


def _condition(node: ast.expr) -> Condition:
    if isinstance(node, ast.Constant) and node.value is True:
        return Always()
    if isinstance(node, ast.BoolOp):
        operands = tuple(map(_condition, node.values))
        return And(operands) if isinstance(node.op, ast.And) else Or(operands)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return Not(_condition(node.operand))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _comparison(node.left, node.ops[0], node.comparators[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _predicate(node.func.id, node.args, node)
    raise _unexpected(node, "a comparison, a predicate, `not`, `and`, `or` or `True`")


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Condition:
    if isinstance(left, ast.Call):
        is_len = isinstance(left.func, ast.Name) and left.func.id == "len" and len(left.args) == 1
        count = _literal(right)
        if not is_len or not isinstance(operator, ast.Eq) or type(count) is not int:
            raise _unexpected(left, "`len(argument) == number`")
        return Length(_name(left.args[0]), count)
    argument = _name(left)
    if isinstance(operator, ast.Eq):
        return OneOf(argument, (_literal(right),))
    if isinstance(operator, ast.NotEq):
        return Not(OneOf(argument, (_literal(right),)))
    if isinstance(operator, ast.In) and isinstance(right, ast.Tuple):
        return OneOf(argument, tuple(map(_literal, right.elts)))
    raise _unexpected(right, "a literal after `==` or `!=`, a tuple of literals after `in`")


def _predicate(name: str, args: list[ast.expr], node: ast.Call) -> Condition:
    if name == "every" and len(args) == 2:
        return Every(_name(args[0]), _literal(args[1]))
    if name == "dims" and len(args) == 2:
        least = _literal(args[1])
        if type(least) is int:
            return Dims(_name(args[0]), least)
    if name == "passed" and len(args) == 1:
        return Passed(_name(args[0]))
    if name == "tensor" and len(args) == 1:
        return IsTensor(_name(args[0]))
    if name == "integral" and len(args) == 1:
        return Integral(_name(args[0]))
    if name in {"runtime", "usual"} and len(args) == 1:
        fact = _literal(args[0])
        if isinstance(fact, str) and fact in RUNTIME_FACTS:
            return Runtime(fact, usual=name == "usual")
        raise _unexpected(args[0], "one of the names of RUNTIME_FACTS")
    raise _unexpected(
        node,
        "every(a, 1), passed(a), tensor(a), dims(a, 3), integral(a), runtime('b') or usual('b')",
    )


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    raise _unexpected(node, "the name of an argument")


def _literal(node: ast.expr) -> Literal:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    if isinstance(node, ast.Constant):
        value = node.value
        if value is None or isinstance(value, (str, bool)):
            if sign == 1:
                return value
        elif isinstance(value, (int, float)):
            return sign * value
    raise _unexpected(node, "a string, a number, True, False or None")


def _unexpected(node: ast.expr, expected: str) -> ConditionError:
    return ConditionError(f"{ast.unparse(node)!r} stands where {expected} is expected")
