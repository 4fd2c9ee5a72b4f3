"""What a program finds out about the machine beside its devices, while everything passes for CUDA.

In the honest mode torch answers all of this itself.
"""

from __future__ import annotations

from types import ModuleType

import torch

from torchdet.runtime.devices import ACCELERATOR_TYPES, ConcreteDevice
from torchdet.runtime.masquerade.stand_in import function_stand_in, masquerades
from torchdet.runtime.redirect.mode import RedirectMode, torch_device
from torchdet.runtime.redirect.replacements import Replacement
from torchdet.runtime.redirect.threads import current_mode

SIMULATED_CUDA = "12.4"
SIMULATED_CUDNN = 90100
"""Versions that still serve the simulated compute capability."""


class _Version(ModuleType):
    """The module ``torch.version``, whose ``cuda`` depends on who reads it."""

    @property
    def cuda(self) -> str | None:
        mode = current_mode()
        if mode is not None and masquerades(mode):
            return SIMULATED_CUDA
        version: str | None = vars(self)["cuda"]
        return version


def replacements() -> list[Replacement]:
    """Return the replacements of questions outside the modules of accelerators."""
    yes = function_stand_in(lambda mode: True, masquerades)  # noqa: ARG005
    no = function_stand_in(lambda mode: False, masquerades)  # noqa: ARG005
    none = function_stand_in(lambda mode: 0, masquerades)  # noqa: ARG005
    cudnn = torch.backends.cudnn.m  # type: ignore[attr-defined]  # the module behind the proxy
    made = [
        Replacement(torch.version, "__class__", lambda _: _Version),
        Replacement(cudnn, "version", function_stand_in(lambda mode: SIMULATED_CUDNN, masquerades)),  # noqa: ARG005
        Replacement(cudnn, "is_available", yes),
        Replacement(torch.backends.cuda, "is_built", yes),
        Replacement(torch.accelerator, "current_accelerator", _current_accelerator),
        Replacement(torch.accelerator, "is_available", yes),
        Replacement(torch.accelerator, "device_count", function_stand_in(_count, masquerades)),
        Replacement(torch.backends.mps, "is_available", no),
        Replacement(torch.backends.mps, "is_built", no),
    ]
    for kind in ACCELERATOR_TYPES:
        if kind != "cuda":
            module = getattr(torch, kind)
            made += [Replacement(module, "is_available", no)]
            made += [Replacement(module, "device_count", none)]
    return made


def _count(mode: RedirectMode) -> int:
    return max(1, mode.machine.count(mode.home.type))


def _current_accelerator(original: object) -> object:
    def answer(mode: RedirectMode, check_available: bool = False) -> torch.device:  # noqa: ARG001
        return torch_device(ConcreteDevice(mode.presented(mode.home).type))

    return function_stand_in(answer, masquerades)(original)
