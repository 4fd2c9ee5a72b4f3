"""What becomes of a difference: parameters, gradients and losses of the steps that follow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torchdet.verify.trace.captured_place import AFTERMATH_STEPS, aftermath_file
from torchdet.verify.value_difference import ValueDifference, difference

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class StepGrowth:
    """How far the runs lie apart after a step: the losses, and the largest gap of a parameter."""

    step: int
    losses: tuple[float, float] | None
    differing_parameters: int
    parameters: int
    max_abs: float


@dataclass(frozen=True, slots=True)
class ParameterState:
    """A parameter after the step that differs: which of its value and its gradient differ."""

    name: str
    weight: ValueDifference | None
    gradient: ValueDifference | None

    @property
    def is_equal(self) -> bool:
        """Whether neither differs."""
        return self.weight is None and self.gradient is None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The steps that follow a difference, and the parameters after the first of them."""

    steps: tuple[StepGrowth, ...]
    parameters: tuple[ParameterState, ...]


def read_aftermath(first: Path, second: Path) -> Aftermath | None:
    """Compare what two runs have kept; None where they made no step."""
    pairs = [
        (one, other)
        for number in range(1, AFTERMATH_STEPS + 1)
        if (one := _load(first, number)) and (other := _load(second, number))
    ]
    if not pairs:
        return None
    steps = tuple(_growth(one.step, one.tensors, other.tensors) for one, other in pairs)
    first_pair = pairs[0]
    return Aftermath(steps, _parameters(first_pair[0].tensors, first_pair[1].tensors))


@dataclass(frozen=True, slots=True)
class _Kept:
    """The state of one run after a step."""

    step: int
    tensors: dict[str, torch.Tensor]


def _load(folder: Path, number: int) -> _Kept | None:
    import torch

    path = folder / aftermath_file(number)
    if not path.exists():
        return None
    kept = torch.load(path, map_location="cpu", weights_only=True)
    return _Kept(kept["step"], kept["tensors"])


def _growth(step: int, one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> StepGrowth:
    weights = [name for name in one if name.startswith("weight ") and name in other]
    found = [each for name in weights if (each := difference([one[name]], [other[name]]))]
    gap = max((each.max_abs for each in found), default=0.0)
    return StepGrowth(step, _losses(one, other), len(found), len(weights), gap)


def _losses(
    one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]
) -> tuple[float, float] | None:
    name = "loss 0"
    if name not in one or name not in other or one[name].numel() != 1 or other[name].numel() != 1:
        return None
    return float(one[name]), float(other[name])


def _parameters(
    one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]
) -> tuple[ParameterState, ...]:
    def gap(name: str) -> ValueDifference | None:
        return difference([one[name]], [other[name]]) if name in one and name in other else None

    names = [name.removeprefix("weight ") for name in one if name.startswith("weight ")]
    return tuple(
        ParameterState(name, gap(f"weight {name}"), gap(f"gradient {name}")) for name in names
    )
