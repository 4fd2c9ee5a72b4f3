"""The module of the device that CUDA requests go to, where it has CUDA's own interface."""

from __future__ import annotations

from types import ModuleType

import torch

from torchdet.runtime.redirect.mode import RedirectMode

# The host and torch's meta device have no streams or devices to choose from; MPS has one queue.
_WITHOUT = ("cpu", "meta", "mps")


def home_module(mode: RedirectMode) -> ModuleType | None:
    """Return ``torch.xpu`` or its like, or None where there is one queue and nothing to choose.

    Such modules have streams, devices and generators under the names of ``torch.cuda``.
    """
    if mode.home.type in _WITHOUT:
        return None
    module: ModuleType = torch.get_device_module(mode.home.type)
    return module
