"""Choices of a device by asking which accelerator is there: `"cuda" if ... else "cpu"` and its kin.

A branch is found from the accelerator that one of its arms names, so that only files that name
one pay for it. `facts.flow` tells which other values a variable or a function has, and which tests
were passed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.reading.devices.asking_statements import (
    Giving,
    asking_head,
    deciding_later,
    exit_before,
    gives_instead,
    has_alternative,
)
from torchdet.reading.devices.device_text import DeviceText, device_text
from torchdet.reading.devices.positions import device_position, text_built_on
from torchdet.reading.devices.probes import depends_on_availability, probed_types

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class AvailabilityBranch:
    """A choice of a device by availability.

    ``node`` is what to underline: the whole expression, or the test of the first ``if`` that asks.
    ``statement`` is that ``if``, for a choice made by statements.
    """

    node: cst.BaseExpression
    statement: cst.If | None = None


@remembered
def availability_branch(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    """The choice by availability of which ``literal``, a device's name, is one outcome."""
    return (
        _by_expression(literal, facts)
        or _by_statement(literal, facts)
        or _by_default_device(literal, facts)
    )


def fallback_branch(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    """The choice of which ``literal``, the CPU, is what is left instead of a device from elsewhere.

    ``args.device if torch.cuda.is_available() else "cpu"``, or ``return torch.device(name)`` under
    such a test and ``return torch.device("cpu")`` behind it. Where an arm names an accelerator or
    asks `torch` for one, that is what tells of the choice.
    """
    value = _made_device(literal, facts)
    choice = facts.parent(value)
    if isinstance(choice, (cst.Assign, cst.AnnAssign, cst.Return)):
        return _fallback_by_statement(value, choice, facts)
    if not isinstance(choice, cst.IfExp) or value is choice.test:
        return None
    other = choice.orelse if value is choice.body else choice.body
    if not _is_given(other, facts) or not any(probed_types(choice.test, facts)):
        return None
    if value is literal and device_position(choice, facts) is None:
        return None
    return AvailabilityBranch(choice)


def _fallback_by_statement(
    value: cst.BaseExpression, statement: Giving, facts: FileFacts
) -> AvailabilityBranch | None:
    if not has_alternative(statement, facts):
        return None
    head = asking_head(facts.parent(statement), facts)
    if head is None:
        head = _first_given_exit(statement, facts) or deciding_later(
            statement, _is_given_device, facts
        )
    elif not gives_instead(head, statement, _is_given_device, facts):
        return None
    if head is None or not any(probed_types(head.test, facts)):
        return None
    return AvailabilityBranch(head.test, head)


def _is_given_device(value: cst.BaseExpression, facts: FileFacts) -> bool:
    given = _is_given(value, facts)
    return given and (isinstance(value, cst.Call) or device_position(value, facts) is not None)


def _made_device(value: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression:
    """The call `torch.device(value)` around ``value``, or ``value`` itself."""
    arg = facts.parent(value)
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and facts.means(call.func, "torch.device"):
        return call
    return value


def _is_given(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` reads a device that was chosen elsewhere, or is None.

    That of the runtime's handle was chosen by asking what is there.
    """
    if isinstance(node, cst.Call) and facts.means(node.func, "torch.device") and node.args:
        node = node.args[0].value
    if not isinstance(node, (cst.Name, cst.Attribute, cst.Subscript)):
        return False
    return not any(name.startswith(("torch.", "torchdet.")) for name in facts.resolve(node).names)


# A choice made by an expression.


def _by_expression(node: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    outermost: cst.BaseExpression | None = None
    current = node
    while True:
        above, chooses = _expression_above(current, facts)
        if above is None:
            break
        if chooses:
            outermost = above
        elif outermost is not None and not isinstance(above, cst.BooleanOperation):
            break
        elif outermost is not None:
            outermost = above
        current = above
    if outermost is None or not _chooses_device(outermost, facts):
        return None
    return AvailabilityBranch(outermost)


def _expression_above(
    node: cst.BaseExpression, facts: FileFacts
) -> tuple[cst.BaseExpression | None, bool]:
    """The expression that hands ``node`` on, and whether it does so by availability."""
    parent = facts.parent(node)
    if isinstance(parent, cst.IfExp):
        if node is parent.test:
            return None, False
        return parent, depends_on_availability(parent.test, facts)
    if isinstance(parent, cst.BooleanOperation):
        tested = node is parent.right and isinstance(parent.operator, cst.And)
        return parent, tested and depends_on_availability(parent.left, facts)
    if isinstance(parent, cst.Arg):
        call = facts.parent(parent)
        if isinstance(call, cst.Call) and facts.means(call.func, "torch.device", "builtins.str"):
            return call, False
        return None, False
    if isinstance(parent, (cst.Element, cst.DictElement)):
        container = facts.parent(parent)
        above = facts.parent(container)
        if isinstance(above, cst.Subscript) and above.value is container:
            return above, _asks_by_index(above, facts)
        return None, False
    return text_built_on(node, facts), False


def _asks_by_index(node: cst.Subscript, facts: FileFacts) -> bool:
    return any(
        isinstance(each.slice, cst.Index) and depends_on_availability(each.slice.value, facts)
        for each in node.slice
    )


def _chooses_device(choice: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the outcomes are devices: the CPU is one of them, or the place takes a device."""
    if device_position(choice, facts) is not None:
        return True
    if isinstance(facts.parent(choice), (cst.FormattedStringExpression, cst.BinaryOperation)):
        return False  # a part of a text: a message, the name of a metric
    for node in descendants(choice):
        text = device_text(node)
        if text is not None and text.type == "cpu":
            return True
        if isinstance(node, cst.Call) and facts.means(node.func, "torch.device"):
            return True
    return False


# A choice made by statements.


def _by_statement(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    value = literal
    while (above := _expression_above(value, facts)[0]) is not None:
        value = above
    statement = facts.parent(value)
    if not isinstance(statement, (cst.Assign, cst.AnnAssign, cst.Return)):
        return None
    if not has_alternative(statement, facts):
        return None
    head = asking_head(facts.parent(statement), facts)
    if head is None:
        head = _first_device_exit(statement, facts) or deciding_later(
            statement, partial(_is_other_device, device_text(literal)), facts
        )
    elif not device_position(literal, facts) and not gives_instead(
        head, statement, _is_device, facts
    ):
        return None
    elif isinstance(statement, cst.Return):
        head = _first_device_exit(head.test, facts) or head
    return AvailabilityBranch(head.test, head) if head is not None else None


def _by_default_device(literal: cst.BaseExpression, facts: FileFacts) -> AvailabilityBranch | None:
    """`if torch.cuda.is_available(): torch.set_default_device("cuda")`: else it is the CPU."""
    arg = facts.parent(_made_device(literal, facts))
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(call, cst.Call) or not facts.means(call.func, "torch.set_default_device"):
        return None
    statement = facts.parent(call)
    if not isinstance(statement, cst.Expr):
        return None
    head = asking_head(facts.parent(statement), facts)
    return AvailabilityBranch(head.test, head) if head is not None else None


def _is_device(value: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether it is a literal that names a device, or `torch.device(...)` of one."""
    return _is_other_device(None, value, facts)


def _is_other_device(own: DeviceText | None, value: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether it names a device of another type than ``own``."""
    if isinstance(value, cst.Call) and value.args and facts.means(value.func, "torch.device"):
        value = value.args[0].value
    text = device_text(value)
    return text is not None and (own is None or own.type != text.type)


_first_device_exit = exit_before(_is_device)
_first_given_exit = exit_before(_is_given_device)
