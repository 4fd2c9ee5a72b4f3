"""Generators that are made, or seeded, without a seed, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft
from torchdet.reading.randomness.number_uses import is_beside_results

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.index import DottedUse
    from torchdet.reading.context import Context, Reference

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


class Made(Enum):
    """Why there is a generator without a seed."""

    UNSEEDED = "nothing seeds it"
    SEEDED_LATER = "it is seeded, or its state set or kept, in another line"
    FALLBACK = "the caller passed none"
    UNUSED = "the file draws nothing from it that reaches a result"


def check_seeding(reference: Reference, context: Context) -> Iterator[Draft]:
    """A function that seeds a global generator, called without a seed."""
    call = seedless_call(reference, context.facts)
    if call is not None:
        yield Draft(
            call,
            f"`{reference.name}()` takes its seed from the operating system, another one in every "
            "run; pass a number",
        )


def check_making(reference: Reference, context: Context) -> Iterator[Draft]:
    """A class or function that makes a generator, called without a seed that comes later."""
    call = seedless_call(reference, context.facts)
    if call is not None and made_without_seed(call, context.facts) is Made.UNSEEDED:
        yield Draft(
            call,
            f"`{reference.name}()` without a seed yields other numbers in every run, whatever is "
            "seeded elsewhere; pass a seed",
        )


def seedless_call(reference: Reference, facts: FileFacts) -> cst.Call | None:
    """The call of ``reference`` that passes no seed, or None as the seed."""
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return None
    without = not call.args or (len(call.args) == 1 and is_constant(call.args[0].value, "None"))
    return call if without else None


def made_without_seed(call: cst.Call, facts: FileFacts) -> Made:
    """What the file says of the generator that ``call`` makes without a seed."""
    if stands_in(call, facts) or _given_elsewhere(call, facts):
        return Made.FALLBACK
    uses = list(uses_of_value(call, facts))
    if any(not _SEEDED_BY.isdisjoint(use.parts[1:]) for use in uses):
        return Made.SEEDED_LATER
    if uses and all(stands_in(use.node, facts) for use in uses):
        return Made.FALLBACK
    if isinstance(holder(call, facts), cst.Name) and all(_is_beside(use, facts) for use in uses):
        return Made.UNUSED
    return Made.UNSEEDED


def _is_beside(use: DottedUse, facts: FileFacts) -> bool:
    drawn = facts.parent(use.node)
    if not isinstance(drawn, cst.Call) or drawn.func is not use.node:
        return False
    return is_beside_results(drawn, facts)


def holder(call: cst.CSTNode, facts: FileFacts) -> cst.BaseExpression | None:
    """The name or attribute that the value of ``call`` is assigned to, if it is."""
    parent = facts.parent(call)
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        return parent.targets[0].target
    return parent.target if isinstance(parent, (cst.AnnAssign, cst.NamedExpr)) else None


def uses_of_value(call: cst.Call, facts: FileFacts) -> Iterator[DottedUse]:
    """The uses of the name or attribute that ``call`` is assigned to, longer ones included.

    What is read from the call itself (``make().state``) is one.
    """
    from torchdet.facts.index import DottedUse, dotted_parts

    parent = facts.parent(call)
    if isinstance(parent, cst.Attribute):
        yield DottedUse(parent, ("", parent.attr.value), facts.scope(call))
    target = holder(call, facts)
    parts = dotted_parts(target) if target is not None else None
    if target is None or parts is None:
        return
    owner = facts.scope(target).owner(parts[0])
    for use in facts.index.uses.get(parts[0], ()):
        attribute = len(parts) > 1 and parts[0] in {"self", "cls"}
        same = use.node is not target and use.parts[: len(parts)] == parts
        if same and (attribute or use.scope.owner(parts[0]) is owner):
            yield use


def _given_elsewhere(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the name or attribute also gets another value, such as a generator with a seed."""
    from torchdet.facts.index import dotted_parts

    target = holder(call, facts)
    parts = dotted_parts(target) if target is not None else None
    if target is None or parts is None:
        return False
    values = list(_values_of_attribute(parts[-1], facts))
    if isinstance(target, cst.Name):
        values += [binding.value for binding in facts.bindings(target)]
    made = facts.code(call)
    return any(value is None or facts.code(value) != made for value in values)


def _values_of_attribute(name: str, facts: FileFacts) -> Iterator[cst.BaseExpression | None]:
    """What the file assigns to ``self.name`` and ``cls.name``."""
    for root in ("self", "cls"):
        for use in facts.index.uses.get(root, ()):
            if use.parts != (root, name):
                continue
            above = facts.parent(use.node)
            if isinstance(above, cst.AnnAssign) and above.target is use.node:
                yield above.value
            elif isinstance(above, cst.AssignTarget):
                statement = facts.parent(above)
                if isinstance(statement, cst.Assign):
                    yield statement.value


def stands_in(call: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether it is only made where something else, which the caller may pass, is missing.

    ``rng or default_rng()``, ``default_rng() if seed is None else ...``, and below an ``if`` that
    asks for ``None`` or for a seed.
    """
    below: cst.CSTNode = call
    for above in facts.ancestors(call):
        if isinstance(above, cst.BooleanOperation) and below is above.right:
            return True
        if isinstance(above, cst.IfExp) and below is not above.test:
            return True
        if isinstance(above, cst.If) and below is not above.test and _asks(above.test):
            return True
        if isinstance(above, (cst.FunctionDef, cst.ClassDef, cst.Lambda)):
            return False
        below = above
    return False


def _asks(test: cst.BaseExpression) -> bool:
    """Whether a condition is about something that may be missing, or about a seed."""
    from torchdet.facts.walk import descendants

    for node in descendants(test):
        if is_constant(node, "None"):
            return True
        name = last_name(node) or ""
        if any(word in name for word in ("seed", "rng", "random_state", "generator")):
            return name != "default_generators"  # asks for devices
    return False
