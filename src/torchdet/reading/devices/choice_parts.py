"""What belongs to a choice of a device by availability; other rules say nothing about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.flow.arrivals import Arrival, FirstAnswers
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.reading.devices.availability import availability_branch
from torchdet.reading.devices.device_text import accelerator_literals
from torchdet.reading.devices.probes import operands_of_condition

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def is_inside_availability_branch(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` is a part of such a choice, and so of the finding on it.

    That is so for everything in a choice made by an expression, and in one made by statements
    for the tests and for the devices that are assigned or returned; also for a probe whose answer
    is kept in a name that the choice tests.
    """
    if _is_in_part(node, facts):
        return True

    def is_part(arrival: Arrival) -> bool | None:
        return _is_in_part(arrival.use.node, facts) or None

    def transfer(each: cst.BaseExpression) -> tuple[cst.BaseExpression, ...] | None:
        return operands_of_condition(each, facts)

    known = _known_parts(facts.module, facts)
    value = _called_by(node, facts)
    return value is not None and facts.flow.first(value, is_part, known, transfer) is not None


def _called_by(node: cst.CSTNode, facts: FileFacts) -> cst.BaseExpression | None:
    """The answer of the probe that ``node`` is, or is the name of."""
    above = facts.parent(node)
    if isinstance(above, cst.Call) and above.func is node:
        return above
    return node if isinstance(node, cst.BaseExpression) else None


@remembered
def _known_parts(module: cst.Module, facts: FileFacts) -> FirstAnswers[bool]:
    del module, facts
    return FirstAnswers()


def _is_in_part(node: cst.CSTNode, facts: FileFacts) -> bool:
    parts = _parts_of_choices(facts.module, facts)
    for each in (node, *facts.ancestors(node)) if parts else ():
        if each in parts:
            return True
        if isinstance(each, (cst.BaseStatement, cst.SimpleStatementSuite)):
            return False
    return False


@remembered
def _parts_of_choices(module: cst.Module, facts: FileFacts) -> frozenset[cst.CSTNode]:
    """The choices by an expression, and the tests and devices of those by statements."""
    parts: set[cst.CSTNode] = set()
    for literal in accelerator_literals(module):
        branch = availability_branch(literal, facts)
        if branch is None:
            continue
        if branch.statement is None:
            parts.add(branch.node)
            continue
        parts.update(_tests(branch.statement))
        for above in facts.ancestors(literal):
            if isinstance(above, cst.BaseSmallStatement):
                parts.add(above)
            elif isinstance(above, cst.If):
                parts.update(_tests(above))
                break
            elif isinstance(above, (cst.FunctionDef, cst.ClassDef)):
                break
    return frozenset(parts)


def _tests(head: cst.If) -> Iterator[cst.BaseExpression]:
    link: cst.If | cst.Else | None = head
    while isinstance(link, cst.If):
        yield link.test
        link = link.orelse
