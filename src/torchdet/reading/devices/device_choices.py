"""What a choice of a device by availability is made of: outcomes, and the questions between them.

``"cuda" if torch.cuda.is_available() else "cpu"`` has two outcomes, and a question that is
nothing but "is it there?". With such questions alone the choice is the handle's own; where a
question asks for more (``use_cuda``, ``not args.cpu and ...``) only the outcomes can be written
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.reading.devices.availability import AvailabilityBranch
from torchdet.reading.devices.availability_questions import (
    asks_for_presence,
    kept_for_nothing_else,
    rest_of_question,
)
from torchdet.reading.devices.device_text import device_text
from torchdet.torch_api.device_types import MANAGED_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True, eq=False)
class PlainDevice:
    """A literal, or ``torch.device(...)`` of one: the CPU or an accelerator, without an index.

    ``numbered`` says that the index 0 is written. ``made`` is whether it is a ``torch.device``.
    """

    node: cst.BaseExpression
    literal: cst.BaseExpression
    type: str
    numbered: bool
    made: bool

    @property
    def is_cpu(self) -> bool:
        """Whether it is the CPU."""
        return self.type == "cpu"


@dataclass(frozen=True, slots=True, eq=False)
class DeviceOutcome:
    """One outcome: ``device`` is None for what does more, or names one device among several.

    ``indexed`` is the literal of the latter.
    """

    value: cst.BaseExpression
    device: PlainDevice | None
    indexed: cst.BaseExpression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceByExpression:
    """``outcomes`` in the order in which they are tried, the fallback last.

    ``plain`` says that the questions ask for availability and for nothing else. ``rest`` is the
    question (whole, rest) that asks for more and means the same without availability. ``unused``
    are the assignments that keep an answer for this choice alone.
    """

    outcomes: tuple[DeviceOutcome, ...]
    plain: bool
    rest: tuple[cst.BaseExpression, cst.BaseExpression] | None
    unused: tuple[cst.Assign, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceByStatements:
    """The arms of a choice in order, the fallback last; they assign or return nothing but devices.

    ``kept`` is the value whose statement stays, and ``beginning`` the code before it. ``deleted``
    go; ``replaced`` is the ``if`` in whose place the statement comes to stand.
    """

    outcomes: tuple[DeviceOutcome, ...]
    kept: cst.BaseExpression
    beginning: str
    deleted: tuple[cst.If, ...]
    replaced: cst.If | None
    unused: tuple[cst.Assign, ...]


class Unfit(Enum):
    """Why a choice has neither form."""

    MORE = "an arm does more than to name a device"
    QUESTION = "a question asks for more than availability"
    UNUSUAL = "it is put together in another way"


Form: TypeAlias = ChoiceByExpression | ChoiceByStatements | Unfit


@dataclass(frozen=True, slots=True, eq=False)
class DeviceChoice:
    """A choice by availability: ``node`` is what is underlined, ``form`` what it is made of."""

    node: cst.BaseExpression
    form: Form

    @property
    def accelerators(self) -> frozenset[str]:
        """The types of accelerators among the outcomes."""
        outcomes = () if isinstance(self.form, Unfit) else self.form.outcomes
        texts = (device_text(each.indexed or _literal(each)) for each in outcomes)
        return frozenset(text.type for text in texts if text is not None and text.is_accelerator)


def _literal(outcome: DeviceOutcome) -> cst.BaseExpression:
    return outcome.device.literal if outcome.device is not None else outcome.value


def device_choice(branch: AvailabilityBranch, facts: FileFacts) -> DeviceChoice:
    """What the choice ``branch`` is made of."""
    head = branch.statement
    form = _of_expression(branch.node, facts) if head is None else _of_statements(head, facts)
    return DeviceChoice(branch.node, form)


def is_the_handles(outcomes: tuple[DeviceOutcome, ...]) -> bool:
    """Whether the outcomes are accelerators, each in its turn, and the CPU where there is none.

    All as text, or all as ``torch.device``.
    """
    devices = [each.device for each in outcomes if each.device is not None]
    *accelerators, fallback = devices
    return (
        len(devices) == len(outcomes)
        and len({each.made for each in devices}) == 1
        and bool(accelerators)
        and fallback.is_cpu
        and not any(each.is_cpu for each in accelerators)
    )


def plain_outcomes(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[cst.BaseExpression, ...] | None:
    """The outcomes of an expression that chooses by availability and by nothing else."""
    found = _outcomes(node, facts)
    return found[0] if found is not None and found[1] else None


def _outcome(node: cst.BaseExpression, facts: FileFacts) -> DeviceOutcome:
    literal, made = node, False
    if isinstance(node, cst.Call) and len(node.args) == 1 and not node.args[0].star:
        if not facts.means(node.func, "torch.device"):
            return DeviceOutcome(node, None)
        literal, made = node.args[0].value, True
    text = device_text(literal)
    if text is None:
        return DeviceOutcome(node, None)
    first = not text.indexed or (string_value(literal) or "").endswith(":0")
    if not first or not isinstance(literal, cst.SimpleString):
        return DeviceOutcome(node, None, literal if text.indexed else None)
    if text.type not in MANAGED_TYPES | {"cpu"}:
        return DeviceOutcome(node, None)
    return DeviceOutcome(node, PlainDevice(node, literal, text.type, text.indexed, made))


# Expressions.


def _of_expression(node: cst.BaseExpression, facts: FileFacts) -> Form:
    """The outcomes of a conditional expression, of ``and``/``or``, or of a subscript."""
    found = _outcomes(node, facts)
    if found is None:
        return Unfit.UNUSUAL
    values, plain = found
    outcomes = tuple(_outcome(each, facts) for each in values)
    rest = None
    if isinstance(node, cst.IfExp) and (left := _outcome(node.orelse, facts).device) is not None:
        rest = rest_of_question(node.test, facts) if left.is_cpu else None
    return ChoiceByExpression(outcomes, plain, rest, tuple(kept_for_nothing_else(node, facts)))


def _outcomes(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[tuple[cst.BaseExpression, ...], bool] | None:
    """The outcomes in the order in which they are tried, and whether all questions are plain."""
    if isinstance(node, cst.IfExp):
        return _of_conditional(node, facts)
    if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
        both = node.left  # `available and "cuda" or "cpu"`
        if isinstance(both, cst.BooleanOperation) and isinstance(both.operator, cst.And):
            return (both.right, node.right), asks_for_presence(both.left, facts) is True
    if isinstance(node, cst.Subscript) and isinstance(node.value, (cst.List, cst.Tuple)):
        index = node.slice[0].slice if len(node.slice) == 1 else None
        elements = [each.value for each in node.value.elements]
        if len(elements) == 2 and isinstance(index, cst.Index):  # `["cpu", "cuda"][available]`
            return (elements[1], elements[0]), asks_for_presence(index.value, facts) is True
    return None


def _of_conditional(
    node: cst.IfExp, facts: FileFacts
) -> tuple[tuple[cst.BaseExpression, ...], bool]:
    outcomes: list[cst.BaseExpression] = []
    plain = True
    current: cst.BaseExpression = node
    while isinstance(current, cst.IfExp):
        question = asks_for_presence(current.test, facts)
        plain = plain and question is not None
        taken, left = current.body, current.orelse
        if question is False:
            taken, left = left, taken
        outcomes.append(taken)
        current = left
    return (*outcomes, current), plain


# Statements.


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """The only statement of an arm: an assignment to ``target``, or a ``return`` without one."""

    value: cst.BaseExpression
    target: str | None


def _of_statements(head: cst.If, facts: FileFacts) -> Form:
    above = facts.parent(head)
    if isinstance(above, cst.If):  # an `elif`
        return Unfit.UNUSUAL
    links = _links(head)
    suites = [link.body for link in links]
    last = links[-1].orelse
    if isinstance(last, cst.Else):
        suites.append(last.body)
    found = [_arm_of(suite, facts) for suite in suites]
    arms = [arm for arm in found if arm is not None]
    if len(arms) != len(found) or len({arm.target for arm in arms}) != 1:
        return Unfit.MORE
    if any(asks_for_presence(link.test, facts) is not True for link in links):
        return Unfit.QUESTION
    if isinstance(last, cst.Else):
        return _form(arms, arms[0], [], head, facts)
    block = above
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return Unfit.UNUSUAL
    index = next(place for place, each in enumerate(block.body) if each is head)
    if arms[0].target is None:
        return _with_later_return(arms, head, block.body[index + 1 :], facts)
    before = _arm(block.body[index - 1], facts) if index else None
    if before is None or before.target != arms[0].target:
        return Unfit.UNUSUAL
    return _form([*arms, before], before, [head], None, facts)


def _links(head: cst.If) -> list[cst.If]:
    """``head`` and its ``elif`` branches."""
    links = [head]
    while isinstance(following := links[-1].orelse, cst.If):
        links.append(following)
    return links


def _arm_of(suite: cst.BaseSuite, facts: FileFacts) -> _Arm | None:
    """The arm with the suite; None where it does more than to give a device."""
    return _arm(suite.body[0], facts) if len(suite.body) == 1 else None


def _arm(line: cst.CSTNode, facts: FileFacts) -> _Arm | None:
    """An assignment to one target, or a return of a value, that stands alone in its line."""
    if isinstance(line, cst.SimpleStatementLine):
        if len(line.body) != 1:
            return None
        line = line.body[0]
    if isinstance(line, cst.Return) and line.value is not None:
        return _Arm(line.value, None)
    if isinstance(line, cst.Assign) and len(line.targets) == 1:
        return _Arm(line.value, facts.code(line.targets[0].target))
    return None


def _with_later_return(
    arms: list[_Arm],
    head: cst.If,
    following: Sequence[cst.CSTNode],
    facts: FileFacts,
) -> Form:
    """``if available: return "cuda"`` before ``return "cpu"``, and others like it between."""
    arms, deleted = list(arms), [head]
    for line in following:
        if isinstance(line, cst.If) and line.orelse is None:
            arm = _arm_of(line.body, facts)
            if arm is None or asks_for_presence(line.test, facts) is not True:
                return Unfit.MORE
            arms.append(arm)
            deleted.append(line)
            continue
        last = _arm(line, facts)
        if last is None or any(arm.target is not None for arm in (*arms, last)):
            return Unfit.MORE
        return _form([*arms, last], last, deleted, None, facts)
    return Unfit.UNUSUAL


def _form(
    arms: list[_Arm],
    kept: _Arm,
    deleted: list[cst.If],
    replaced: cst.If | None,
    facts: FileFacts,
) -> ChoiceByStatements:
    heads = [*deleted, *([replaced] if replaced is not None else [])]
    tests = (link.test for head in heads for link in _links(head))
    unused = (each for test in tests for each in kept_for_nothing_else(test, facts))
    outcomes = tuple(_outcome(arm.value, facts) for arm in arms)
    beginning = "return " if kept.target is None else f"{kept.target} = "
    return ChoiceByStatements(
        outcomes, kept.value, beginning, tuple(deleted), replaced, tuple(unused)
    )
