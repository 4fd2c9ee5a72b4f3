"""What the conditions around a place, and those passed before it, have found out about the device.

A condition tells something where it holds (inside ``if device.type == "mps":``), where it does
not (the ``else`` of ``if not x.is_cuda:``), and behind an exit: after
``if not torch.cuda.is_available(): return`` there is CUDA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

from torchdet.facts.expressions import int_value, last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.named_types import words
from torchdet.reading.devices.probes import assigned_values, probed_types
from torchdet.torch_api.device_apis import Equivalence, device_apis
from torchdet.torch_api.device_types import ACCELERATOR_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

Positions: TypeAlias = "Mapping[cst.CSTNode, int]"


def is_established(kind: str, node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` only runs for devices of the type ``kind``: a condition says so.

    That CUDA is available says it only behind an exit, where the code demands it: asking for the
    usual accelerator and then naming it is no code for one kind on purpose. Conditions outside
    the function around ``node`` do not count: they held when it was defined.
    """
    return kind in _established(node, facts)


def _step(
    above: cst.CSTNode, below: cst.CSTNode, outer: frozenset[str], facts: FileFacts
) -> frozenset[str]:
    if isinstance(above, (cst.FunctionDef, cst.Lambda)):
        return frozenset()
    found = frozenset(_found(above, below, facts))
    return outer if found <= outer else outer | found


_established = inherited(frozenset[str](), _step)


def compared_types(test: cst.BaseExpression) -> Iterator[str]:
    """The device types, among other words, that a comparison finds where it holds."""
    if isinstance(test, cst.Comparison):
        yield from _compared(test, (cst.Equal, cst.In, cst.Is))


def leaves(body: cst.BaseSuite) -> bool:
    """Whether the statements end with a way out of the code around them."""
    last = body.body[-1] if body.body else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    if isinstance(last, cst.Expr) and isinstance(last.value, cst.Call):
        return last_name(last.value.func) in _LEAVING_CALLS
    return isinstance(last, (cst.Return, cst.Raise, cst.Continue, cst.Break))


def left_before(
    block: cst.IndentedBlock, statement: cst.CSTNode, facts: FileFacts
) -> Iterator[cst.If]:
    """The ``if`` statements before ``statement`` that are left where they hold."""
    positions = positions_in(block, facts)
    limit = positions.get(statement, len(positions))
    return takewhile(lambda each: positions[each] < limit, exits(block, facts))


@remembered
def exits(block: cst.IndentedBlock, facts: FileFacts) -> tuple[cst.If, ...]:
    """The ``if`` statements of ``block`` that are left where they hold."""
    del facts
    return tuple(each for each in block.body if isinstance(each, cst.If) and leaves(each.body))


@remembered
def positions_in(block: cst.IndentedBlock | cst.Module, facts: FileFacts) -> Positions:
    """The position of each statement of ``block``."""
    del facts
    return {statement: position for position, statement in enumerate(block.body)}


_LEAVING_CALLS = frozenset({"exit", "_exit", "quit", "skip", "skipTest", "fail", "abort"})
_MAX_DEPTH = 2


def _found(above: cst.CSTNode, below: cst.CSTNode, facts: FileFacts) -> Iterator[str]:
    """The device types that ``above`` has found when it comes to its child ``below``."""
    if isinstance(above, (cst.If, cst.IfExp)):
        if below is above.body:
            yield from _where_true(above.test, facts)
        elif below is above.orelse:
            yield from _where_false(above.test, facts)
            if isinstance(above, cst.If) and leaves(above.body):
                yield from _demanded(above.test, facts)
    elif isinstance(above, cst.BooleanOperation) and below is above.right:
        holds = isinstance(above.operator, cst.And)
        yield from _where_true(above.left, facts) if holds else _where_false(above.left, facts)
    elif isinstance(above, cst.MatchCase) and below is above.body:
        yield from _matched_types(above.pattern)
    elif isinstance(above, (cst.IndentedBlock, cst.Module)):
        yield from _found_beside(above, below, facts)


def _found_beside(
    block: cst.IndentedBlock | cst.Module, below: cst.CSTNode, facts: FileFacts
) -> Iterator[str]:
    """What the exits before ``below`` let through, and those after it that raise."""
    position = positions_in(block, facts).get(below, len(block.body))
    told = _told_by_block(block, facts)
    yield from (kind for kind, first in told.passed.items() if first < position)
    yield from (kind for kind, last in told.raising.items() if last > position)


@dataclass(frozen=True, slots=True)
class _Told:
    """Where a block first passes an exit that tells a type, and where it last raises for one."""

    passed: Mapping[str, int]
    raising: Mapping[str, int]


@remembered
def _told_by_block(block: cst.IndentedBlock | cst.Module, facts: FileFacts) -> _Told:
    passed: dict[str, int] = {}
    raising: dict[str, int] = {}
    for position, statement in enumerate(block.body):
        if isinstance(statement, cst.If):
            link: cst.CSTNode | None = statement
            while isinstance(link, cst.If) and leaves(link.body):
                kinds = (*_where_false(link.test, facts), *_demanded(link.test, facts))
                for kind in kinds:
                    passed.setdefault(kind, position)
                if _raises(link.body):
                    raising.update(dict.fromkeys(kinds, position))
                link = link.orelse
        elif isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                if isinstance(small, cst.Assert):
                    for kind in (*_where_true(small.test, facts), *probed_types(small.test, facts)):
                        passed.setdefault(kind, position)
    return _Told(passed, raising)


def _raises(body: cst.BaseSuite) -> bool:
    last = body.body[-1]
    return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Raise)


# Conditions.


def _where_true(
    test: cst.BaseExpression, facts: FileFacts, depth: int = _MAX_DEPTH
) -> Iterator[str]:
    """The device types, among other words, that ``test`` finds where it holds."""
    if isinstance(test, cst.BooleanOperation):
        yield from _where_true(test.left, facts, depth)
        yield from _where_true(test.right, facts, depth)
    elif isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from _where_false(test.expression, facts, depth)
    elif isinstance(test, cst.Comparison):
        yield from compared_types(test)
        yield from _needed_types(test, facts)
    elif isinstance(test, cst.Call):
        is_prefix = isinstance(test.func, cst.Attribute) and test.func.attr.value == "startswith"
        if is_prefix and test.args:
            yield from _types_in(test.args[0].value)
        yield from (kind for kind in probed_types(test, facts) if kind != "cuda")
        yield from _needed_types(test, facts)
    elif isinstance(test, (cst.Attribute, cst.Name)):
        name = test.attr.value if isinstance(test, cst.Attribute) else test.value
        if name.startswith("is_"):  # x.is_cuda, is_mps
            yield name.removeprefix("is_")
        for value in _kept_values(test, facts, depth):
            yield from _where_true(value, facts, depth - 1)


def _where_false(
    test: cst.BaseExpression, facts: FileFacts, depth: int = _MAX_DEPTH
) -> Iterator[str]:
    """The device types, among other words, that ``test`` finds where it does not hold."""
    if isinstance(test, cst.BooleanOperation):
        yield from _where_false(test.left, facts, depth)
        yield from _where_false(test.right, facts, depth)
    elif isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from _where_true(test.expression, facts, depth)
    elif isinstance(test, cst.Comparison):
        yield from _compared(test, (cst.NotEqual, cst.NotIn, cst.IsNot))
    elif isinstance(test, (cst.Attribute, cst.Name)):
        for value in _kept_values(test, facts, depth):
            yield from _where_false(value, facts, depth - 1)


def _demanded(test: cst.BaseExpression, facts: FileFacts, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """The device types without which ``test`` leads out."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.Or):
        yield from _demanded(test.left, facts, depth)
        yield from _demanded(test.right, facts, depth)
    elif isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        yield from probed_types(test.expression, facts)
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        too_few = isinstance(
            test.comparisons[0].operator, (cst.Equal, cst.LessThan, cst.LessThanEqual)
        )
        if too_few and int_value(test.comparisons[0].comparator) is not None:
            yield from probed_types(test.left, facts)
    elif isinstance(test, (cst.Attribute, cst.Name)):
        for value in _kept_values(test, facts, depth):
            yield from _demanded(value, facts, depth - 1)


def _kept_values(
    node: cst.Name | cst.Attribute, facts: FileFacts, depth: int
) -> tuple[cst.BaseExpression, ...]:
    """The condition whose answer ``node`` keeps, where nothing else is assigned to it."""
    values = tuple(assigned_values(node, facts)) if depth else ()
    return values if len(values) == 1 else ()


def _needed_types(test: cst.BaseExpression, facts: FileFacts) -> Iterator[str]:
    """The types of the modules that ``test`` asks for what no other module has.

    ``len(torch.cuda.default_generators) > 0`` is about CUDA alone, ``torch.cuda.device_count()``
    is not: `torch.accelerator` answers it as well.
    """
    for node in descendants(test):
        if isinstance(node, cst.Attribute):
            for name in facts.resolve(node).names:
                torch, *parts = name.split(".")
                if torch != "torch" or len(parts) < 2 or parts[0] not in ACCELERATOR_TYPES:
                    continue
                api = device_apis().get(name)
                if api is not None and api.sameness not in _WITH_EQUIVALENT:
                    yield parts[0]


_WITH_EQUIVALENT = frozenset({Equivalence.SAME, Equivalence.SAME_ON_CUDA, Equivalence.SIMILAR})


# What comparisons name.


def _compared(test: cst.Comparison, operators: tuple[type[cst.BaseCompOp], ...]) -> Iterator[str]:
    if all(isinstance(target.operator, operators) for target in test.comparisons):
        for operand in (test.left, *(target.comparator for target in test.comparisons)):
            yield from _types_in(operand)


def _types_in(operand: cst.BaseExpression) -> Iterator[str]:
    """The types that a literal, a collection of them or an enumeration's member names.

    The members of a project's own vocabulary count: ``"CUDAExecutionProvider"``.
    """
    if isinstance(operand, (cst.Tuple, cst.List, cst.Set)):
        for element in operand.elements:
            yield from _types_in(element.value)
    elif isinstance(operand, cst.Call) and operand.args:  # torch.device("cuda")
        yield from _types_in(operand.args[0].value)
    elif isinstance(operand, cst.Attribute) and operand.attr.value.isupper():
        yield from words(operand.attr.value)
    elif (value := string_value(operand)) is not None:
        yield from words(value)


def _matched_types(pattern: cst.MatchPattern) -> Iterator[str]:
    if isinstance(pattern, cst.MatchValue):
        yield from _types_in(pattern.value)
    elif isinstance(pattern, cst.MatchOr):
        for element in pattern.patterns:
            yield from _matched_types(element.pattern)
