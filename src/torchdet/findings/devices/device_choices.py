"""What a choice of a device by availability is made of: outcomes, and the questions between them.

``"cuda" if torch.cuda.is_available() else "cpu"`` has two outcomes, and a question that is
nothing but "is it there?". With such questions alone the choice is the handle's own; where a
question asks for more (``use_cuda``, ``not args.cpu and ...``) only the outcomes can be written
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import int_value, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind, ScopeKind
from torchdet.facts.walk import descendants
from torchdet.findings.devices.device_words import MANAGED_TYPES
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.probes import depends_on_availability, is_probe

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
class Choice:
    """``outcomes`` in the order in which they are tried, the fallback last.

    ``plain`` says that the questions ask for availability and for nothing else.
    """

    outcomes: tuple[cst.BaseExpression, ...]
    plain: bool


def plain_device(node: cst.BaseExpression, facts: FileFacts) -> PlainDevice | None:
    """What an outcome names; None for what does more, or names one device among several."""
    literal, made = node, False
    if isinstance(node, cst.Call) and len(node.args) == 1 and not node.args[0].star:
        if not facts.means(node.func, "torch.device"):
            return None
        literal, made = node.args[0].value, True
    text = device_text(literal) if isinstance(literal, cst.SimpleString) else None
    value = string_value(literal)
    if text is None or value is None or text.type not in MANAGED_TYPES | {"cpu"}:
        return None
    if text.indexed and not value.endswith(":0"):
        return None
    return PlainDevice(node, literal, text.type, text.indexed, made)


def choice_of(node: cst.BaseExpression, facts: FileFacts) -> Choice | None:
    """The outcomes of a conditional expression, of ``and``/``or``, or of a subscript."""
    if isinstance(node, cst.IfExp):
        return _conditional(node, facts)
    if isinstance(node, cst.BooleanOperation):
        return _by_and_or(node, facts)
    return _by_subscript(node, facts) if isinstance(node, cst.Subscript) else None


def is_the_handles(outcomes: Sequence[PlainDevice]) -> bool:
    """Whether the outcomes are accelerators, each in its turn, and the CPU where there is none."""
    *accelerators, fallback = outcomes
    return bool(accelerators) and fallback.is_cpu and not any(d.is_cpu for d in accelerators)


def _conditional(node: cst.IfExp, facts: FileFacts) -> Choice:
    outcomes: list[cst.BaseExpression] = []
    plain = True
    current: cst.BaseExpression = node
    while isinstance(current, cst.IfExp):
        question = asks_only_for_device(current.test, facts)
        plain = plain and question is not None
        taken, left = current.body, current.orelse
        if question is False:
            taken, left = left, taken
        outcomes.append(taken)
        current = left
    return Choice((*outcomes, current), plain)


def _by_and_or(node: cst.BooleanOperation, facts: FileFacts) -> Choice | None:
    """``available and "cuda" or "cpu"``."""
    both = node.left
    if not isinstance(node.operator, cst.Or) or not isinstance(both, cst.BooleanOperation):
        return None
    if not isinstance(both.operator, cst.And):
        return None
    return Choice((both.right, node.right), asks_only_for_device(both.left, facts) is True)


def _by_subscript(node: cst.Subscript, facts: FileFacts) -> Choice | None:
    """``["cpu", "cuda"][available]``."""
    listed = node.value
    if not isinstance(listed, (cst.List, cst.Tuple)) or len(listed.elements) != 2:
        return None
    index = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(index, cst.Index):
        return None
    plain = asks_only_for_device(index.value, facts) is True
    first, second = listed.elements
    return Choice((second.value, first.value), plain)


def asks_only_for_device(test: cst.BaseExpression, facts: FileFacts, depth: int = 2) -> bool | None:
    """True for "it is there", False for "it is not", None for a question that asks for more.

    A name that keeps such an answer, and nothing else, is such a question as well.
    """
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        answer = asks_only_for_device(test.expression, facts, depth)
        return None if answer is None else not answer
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        return _counts(test, facts)
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        sides = (test.left, test.right)
        plain = all(asks_only_for_device(side, facts, depth) is True for side in sides)
        return True if plain else None
    if isinstance(test, cst.Name) and depth:
        bindings = facts.bindings(test)
        only = bindings[0] if len(bindings) == 1 else None
        if only is not None and only.kind is BindingKind.ASSIGNMENT and only.value is not None:
            return asks_only_for_device(only.value, facts, depth - 1)
        return None
    return True if isinstance(test, cst.Call) and _is_torch_probe(test, facts) else None


def kept_for_nothing_else(node: cst.CSTNode, facts: FileFacts) -> Iterator[cst.Assign]:
    """The assignments in the function around that keep an answer only for the question ``node``.

    ``use_cuda = torch.cuda.is_available()``, which nobody reads once the choice is the handle's.
    """
    for name in descendants(node):
        bindings = facts.bindings(name) if isinstance(name, cst.Name) else []
        if not isinstance(name, cst.Name) or len(bindings) != 1 or bindings[0].value is None:
            continue
        scope = facts.scope(name).owner(name.value)
        target = facts.index.parents.get(bindings[0].node)
        statement = facts.parent(target) if isinstance(target, cst.AssignTarget) else None
        if scope is None or scope.kind is not ScopeKind.FUNCTION:
            continue
        if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
            continue
        answers = asks_only_for_device(bindings[0].value, facts) is not None
        if answers and [use.node for use in facts.uses_of(name.value, scope)] == [name]:
            yield statement


def rest_of_question(
    test: cst.BaseExpression, facts: FileFacts
) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """``available and rest`` as (the whole, ``rest``), where reading ``rest`` does nothing.

    The handle's device is the CPU where none is available, so that ``rest`` alone decides.
    """
    if not isinstance(test, cst.BooleanOperation) or not isinstance(test.operator, cst.And):
        return None
    for probe, rest in ((test.left, test.right), (test.right, test.left)):
        probed = isinstance(probe, cst.Call) and asks_only_for_device(probe, facts) is True
        if probed and _only_reads(rest) and not depends_on_availability(rest, facts):
            return test, rest
    return None


def _only_reads(node: cst.BaseExpression) -> bool:
    """Whether ``node`` is a name, an attribute, or the opposite of one."""
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        node = node.expression
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def _is_torch_probe(call: cst.Call, facts: FileFacts) -> bool:
    """Whether PyTorch itself is asked, without more ado."""
    names = facts.resolve(call.func).names
    torch = bool(names) and all(name.startswith("torch.") for name in names)
    return torch and not call.args and is_probe(call, facts)


def _counts(test: cst.Comparison, facts: FileFacts) -> bool | None:
    """``torch.cuda.device_count() > 0`` and its like."""
    target = test.comparisons[0]
    if not isinstance(test.left, cst.Call) or not _is_torch_probe(test.left, facts):
        return None
    number = int_value(target.comparator)
    if isinstance(target.operator, cst.GreaterThan) and number == 0:
        return True
    if isinstance(target.operator, cst.GreaterThanEqual) and number == 1:
        return True
    if isinstance(target.operator, cst.Equal) and number == 0:
        return False
    return None


# Statements.


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """The only statement of an arm: an assignment to ``target``, or a ``return`` without one."""

    statement: cst.Assign | cst.Return
    value: cst.BaseExpression
    target: str | None


def arm_of(body: cst.BaseSuite, facts: FileFacts) -> Arm | None:
    """The arm with the suite ``body``; None where it does more than to give a device."""
    lines = body.body
    if len(lines) != 1:
        return None
    line = lines[0]
    small: cst.CSTNode = line
    if isinstance(line, cst.SimpleStatementLine):
        if len(line.body) != 1:
            return None
        small = line.body[0]
    return single_arm(small, facts)


def single_arm(small: cst.CSTNode, facts: FileFacts) -> Arm | None:
    """An assignment to one target, or a return of a value, as an arm."""
    if isinstance(small, cst.Return) and small.value is not None:
        return Arm(small, small.value, None)
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        return Arm(small, small.value, facts.code(small.targets[0].target))
    return None


def links(head: cst.If) -> Iterator[cst.If]:
    """``head`` and its ``elif`` branches."""
    link: cst.If | cst.Else | None = head
    while isinstance(link, cst.If):
        yield link
        link = link.orelse
