"""Generators that are made without a seed, and what becomes of them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.reading.randomness.number_uses import is_beside_results

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

# Methods and attributes by which a generator gets, or gives away, the seed that it lacks.
_SEEDED_BY = frozenset(
    {
        "__setstate__",
        "bit_generator",
        "entropy",
        "graphsafe_set_state",
        "initial_seed",
        "manual_seed",
        "seed",
        "set_offset",
        "set_state",
        "setstate",
    }
)
_MEMBERS = (UseKind.METHOD, UseKind.ATTRIBUTE, UseKind.MUTATED)
# Uses that only hand the generator on to another name or place.
_HANDED_ON = (UseKind.REBOUND, UseKind.CHOSEN, UseKind.STORED_ATTRIBUTE)
_CHOICES = (cst.BooleanOperation, cst.IfExp)


class Made(Enum):
    """Why there is a generator without a seed."""

    UNSEEDED = "nothing seeds it"
    SEEDED_LATER = "it is seeded, or its state set or kept, in another line"
    FALLBACK = "the caller passed none"
    UNUSED = "the file draws nothing from it that reaches a result"


def made_without_seed(call: cst.Call, facts: FileFacts) -> Made:
    """What the file says of the generator that ``call`` makes without a seed."""
    if stands_in(call, facts) or _is_given_elsewhere(call, facts):
        return Made.FALLBACK
    uses = uses_of_generator(call, facts)
    if any(use.kind in _MEMBERS and use.slot in _SEEDED_BY for use in uses):
        return Made.SEEDED_LATER
    if uses and all(stands_in(use.node, facts) for use in uses):
        return Made.FALLBACK
    named = facts.flow.use(call).kind is UseKind.REBOUND
    if named and all(_is_beside(use, facts) for use in uses):
        return Made.UNUSED
    return Made.UNSEEDED


@remembered
def uses_of_generator(call: cst.CSTNode, facts: FileFacts) -> tuple[Use, ...]:
    """What is done with the generator that ``call`` makes, wherever in the file it comes to."""
    if not isinstance(call, cst.Call):
        return ()
    arrivals = (each.use for each in facts.flow.reaches(call).every)
    return tuple(use for use in arrivals if use.kind not in _HANDED_ON)


def _is_beside(use: Use, facts: FileFacts) -> bool:
    drawn = use.by if use.kind is UseKind.METHOD else None
    return isinstance(drawn, cst.Call) and is_beside_results(drawn, facts)


def _is_given_elsewhere(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the name or attribute also gets another value, such as a generator with a seed."""
    others: list[cst.CSTNode | None] = []
    for each in facts.flow.reaches(call).every:
        node = each.use.node
        if each.use.kind in _HANDED_ON:
            continue
        if isinstance(node, cst.Name):
            found = facts.flow.definitions(node).definitions
            others += [one.value if one.value is not None else one.node for one in found]
        elif isinstance(node, cst.Attribute):
            owner = facts.flow.class_of_self(node.value)
            if owner is not None:
                stored, _ = facts.flow.attributes.stored(owner, node.attr.value)
                others += [one.value for one in stored]
    made = facts.code(call)
    return any(other is None or facts.code(other) != made for other in dict.fromkeys(others))


def stands_in(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether ``node`` only runs where something else, which the caller may pass, is missing.

    ``rng or default_rng()``, ``default_rng() if seed is None else ...``, and behind a condition
    that asks for ``None`` or for a seed, exits before it included.
    """
    return any(
        isinstance(facts.parent(each.test), _CHOICES) or _asks(each.test, facts)
        for each in facts.flow.conditions(node)
    )


@remembered
def _asks(test: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a condition is about something that may be missing, or about a seed."""
    del facts
    for node in descendants(test):
        if is_constant(node, "None"):
            return True
        name = last_name(node) or ""
        if any(word in name for word in ("seed", "rng", "random_state", "generator")):
            return name != "default_generators"  # asks for devices
    return False
