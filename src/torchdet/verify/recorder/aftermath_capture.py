"""Keeps parameters, gradients and losses of the steps from a difference on, for the report."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.optim.optimizer import Optimizer

from torchdet.verify.trace.captured_place import AFTERMATH_STEPS, aftermath_file

_MOST_BYTES = 64 * 2**20


class AftermathCapture:
    """Writes a file for each of the following steps into the run's folder.

    Each holds tensors by name: ``loss 0``, ``weight layers.0.weight``, ``gradient ...``. Names are
    those of the outermost modules.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[int, str] = {}
        self._written = 0

    def ended_step(self, step: int, optimizer: Optimizer, losses: Sequence[torch.Tensor]) -> None:
        """Write the state after a step, as long as it is wanted and small enough."""
        if self._written >= AFTERMATH_STEPS:
            return
        self._written += 1
        self._names = self._names or _parameter_names()
        tensors = {f"loss {number}": each for number, each in enumerate(losses)}
        parameters = (each for group in optimizer.param_groups for each in group["params"])
        for number, parameter in enumerate(parameters):
            name = self._names.get(id(parameter), f"parameter {number}")
            tensors[f"weight {name}"] = parameter.detach()
            if parameter.grad is not None:
                tensors[f"gradient {name}"] = parameter.grad.detach()
        path = self._folder / aftermath_file(self._written)
        torch.save({"step": step, "tensors": _small(tensors)}, path.with_suffix(".tmp"))
        os.replace(path.with_suffix(".tmp"), path)


def _parameter_names() -> dict[int, str]:
    """The dotted names of all parameters by identity, from the outermost modules that there are."""
    modules = [each for each in gc.get_objects() if issubclass(type(each), torch.nn.Module)]
    inner = {id(child) for each in modules for child in each.children()}
    return {
        id(parameter): name
        for each in modules
        if id(each) not in inner
        for name, parameter in each.named_parameters()
    }


def _small(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    kept: dict[str, torch.Tensor] = {}
    left = _MOST_BYTES
    for name, tensor in tensors.items():
        left -= tensor.numel() * tensor.element_size()
        if left < 0 or tensor.layout is not torch.strided or tensor.is_meta:
            break
        kept[name] = tensor.as_subclass(torch.Tensor).cpu().clone()
    return kept
