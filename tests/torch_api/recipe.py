"""What a recipe is, and the table of all of them.

A recipe shows by running torch whether one entry of the catalogue is right. An *operation* runs
it and leaves to the test what must come of it, which follows from the entry: an alert, equal
bits, filled memory. A *claim* asserts by itself what its entry says in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

import torch

Tensors: TypeAlias = "torch.Tensor | tuple[torch.Tensor, ...]"
Run: TypeAlias = Callable[[torch.device], Tensors]
Check: TypeAlias = Callable[[torch.device], None]

_OPERATIONS: list[Operation] = []
_CLAIMS: list[Claim] = []


class NothingToSeeError(Exception):
    """What a claim raises on a machine that cannot show it. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Runs an operation once, on seeded inputs, and returns what it computed.

    ``condition_met`` is False for a neighbour: a call of the same spelling that the entry does
    not speak of. ``threads`` is how many threads the CPU needs before the order of work can vary.
    ``reaches`` are the operators of ATen that forward and backward must dispatch to in
    deterministic mode: the ones whose kernels decide what the entry says.
    """

    entries: tuple[str, ...]
    name: str
    run: Run
    condition_met: bool = True
    threads: int = 1
    reaches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Asserts what an entry says, and raises AssertionError where torch disagrees.

    Raises NothingToSeeError where the machine lacks what it takes.

    ``devices`` are the types of device that it can be shown on. ``shows_entry`` is False where
    only the way to a kernel is shown, not what the kernel does.
    """

    entries: tuple[str, ...]
    name: str
    check: Check
    devices: tuple[str, ...] = ("cpu",)
    shows_entry: bool = True


def operation(
    *entries: str, name: str = "", threads: int = 1, reaches: tuple[str, ...] = ()
) -> Callable[[Run], Run]:
    """Put a function into the table as the recipe of ``entries``, with their condition met."""

    def register(run: Run) -> Run:
        title = name or run.__name__
        _OPERATIONS.append(Operation(entries, title, run, True, threads, reaches))
        return run

    return register


def neighbour(*entries: str, name: str = "") -> Callable[[Run], Run]:
    """Put a function into the table as a call beside the condition of ``entries``."""

    def register(run: Run) -> Run:
        _OPERATIONS.append(Operation(entries, name or run.__name__, run, condition_met=False))
        return run

    return register


def claim(*entries: str, devices: tuple[str, ...] = ("cpu",)) -> Callable[[Check], Check]:
    """Put a function into the table as the proof of what ``entries`` say."""

    def register(check: Check) -> Check:
        _CLAIMS.append(Claim(entries, check.__name__, check, devices))
        return check

    return register


def route(*entries: str) -> Callable[[Check], Check]:
    """Put a function into the table as the proof of which operators ``entries`` dispatch to."""

    def register(check: Check) -> Check:
        _CLAIMS.append(Claim(entries, check.__name__, check, shows_entry=False))
        return check

    return register


@cache
def all_operations() -> tuple[Operation, ...]:
    """Every operation, of all modules ``recipes_*.py`` of this folder."""
    _load()
    return tuple(_OPERATIONS)


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim, of all modules ``recipes_*.py`` of this folder."""
    _load()
    return tuple(_CLAIMS)


def all_recipes() -> tuple[Operation | Claim, ...]:
    """Every operation, and every claim."""
    return (*all_operations(), *all_claims())


def recipes_by_entry() -> Mapping[str, list[Operation | Claim]]:
    """The recipes of each entry that has one with its condition met."""
    found: dict[str, list[Operation | Claim]] = {}
    for recipe in all_recipes():
        if isinstance(recipe, Claim) or recipe.condition_met:
            for entry in recipe.entries:
                found.setdefault(entry, []).append(recipe)
    return found


def _load() -> None:
    for path in sorted(Path(__file__).parent.glob("recipes_*.py")):
        import_module(f"{__package__}.{path.stem}")
