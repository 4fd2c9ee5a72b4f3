"""The module of torch that speaks for a device type, such as `torch.cuda`."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.errors import UnsupportedOnDeviceError

if TYPE_CHECKING:
    import torch


def device_module(
    torch_module: ModuleType, device: torch.device, function: str, what: str
) -> ModuleType:
    """Return the module of the device's type, if it has a function.

    Raises `UnsupportedOnDeviceError`, saying that torch has no `what` there, if it has not.
    """
    try:
        module: ModuleType = torch_module.get_device_module(device.type)
    except RuntimeError:
        raise UnsupportedOnDeviceError(f"torch has no {what} for {device}") from None
    if not hasattr(module, function):
        raise UnsupportedOnDeviceError(f"torch has no {what} for {device}")
    return module
