"""Findings about generators that are made, or seeded, without a seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft
from torchdet.reading.randomness.generators import Made, made_without_seed

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context, Reference


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
