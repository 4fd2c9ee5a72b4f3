"""The catalogue against what torch does, one recipe at a time."""

from __future__ import annotations

import re
import warnings

import torch

from tests.torch_api.observation import (
    Observation,
    deterministic_algorithms,
    global_state_kept,
    observe,
    operators,
)
from tests.torch_api.recipe import Claim, Operation
from tests.torch_api.recipes_memory import is_filled
from torchdet.torch_api import operations as catalogue
from torchdet.torch_api.operations import Behaviour

INSTALLED = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])


def speaks_of(entry: str, device: torch.device) -> bool:
    """Whether an entry says something about ``device`` under the torch that is installed."""
    row = catalogue.operations()[entry]
    return (
        row.is_on((device.type,))
        and (row.since is None or row.since <= INSTALLED)
        and (row.until is None or row.until > INSTALLED)
    )


def entries_shown(recipe: Operation | Claim, device: torch.device) -> list[str]:
    """The entries that a recipe, run on ``device``, is evidence for.

    Settings are read on any machine, so that a claim about them counts where it was checked; an
    operation only where the entry says something about the device.
    """
    if isinstance(recipe, Claim):
        return list(recipe.entries) if recipe.shows_entry else []
    if not recipe.condition_met:
        return []
    return [entry for entry in recipe.entries if speaks_of(entry, device)]


def is_to_run(recipe: Operation | Claim, device: torch.device) -> bool:
    """Whether a recipe tells something on ``device``.

    On the CPU every operation does: entries that speak of other devices only say by that that
    the CPU needs nothing.
    """
    if isinstance(recipe, Claim):
        return device.type in recipe.devices
    return device.type == "cpu" or any(speaks_of(entry, device) for entry in recipe.entries)


def disagreements(recipe: Operation, device: torch.device) -> list[str]:
    """Where torch and the entries of an operation differ, in words; nothing where they agree."""
    with global_state_kept():
        if device.type == "cpu":
            torch.set_num_threads(recipe.threads)
        seen = observe(recipe.run, device)
        missed = _operators_missed(recipe, device)
    found = [f"never dispatches to {name}" for name in missed]
    rows = [catalogue.operations()[entry] for entry in entries_shown(recipe, device)]
    behaviours = {row.behaviour for row in rows}
    if Behaviour.ERRORS in behaviours:
        if seen.alert is None:
            found.append("the catalogue says that it raises, and it ran")
    elif seen.alert is not None:
        found.append(f"the catalogue says nothing of an error, and torch raised: {seen.alert}")
    elif Behaviour.SILENT not in behaviours and not seen.repeats:
        found.append("two runs in deterministic mode gave different bits")
    if Behaviour.FILLS in behaviours and not all(is_filled(each) for each in seen.outputs):
        found.append("the catalogue says that memory is filled, and some of it was not")
    if (seen.alert is not None) != seen.warned:
        found.append(f"raising and warning differ: {_alerts_in_words(seen)}")
    return found


def _alerts_in_words(seen: Observation) -> str:
    strict = "raises" if seen.alert is not None else "runs"
    return f"it {strict}, and warn_only {'warns' if seen.warned else 'is silent'}"


def _operators_missed(recipe: Operation, device: torch.device) -> list[str]:
    # Which operators run is told apart from their kernels, and the same on the CPU, except where
    # Python looks at the device: routes say that.
    if device.type != "cpu" or not recipe.reaches:
        return []
    with deterministic_algorithms(True, warn_only=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reached = operators(recipe.run, device)
    return [name for name in recipe.reaches if name not in reached]
