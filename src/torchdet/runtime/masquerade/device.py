"""``torch.cuda``'s questions about devices, answered by the device that CUDA requests go to."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from torchdet.runtime import streams
from torchdet.runtime.device_properties import device_properties
from torchdet.runtime.masquerade.home import home_module
from torchdet.runtime.memory import number
from torchdet.runtime.redirect.mode import RedirectMode

SIMULATED_CAPABILITY = (7, 0)
"""The compute capability that is reported: old enough that no program picks a kernel by it that
only newer hardware has. The value is the one of TorchDevice's document."""


@dataclass(frozen=True, slots=True)
class SimulatedDeviceProperties:
    """What ``get_device_properties`` answers; sizes in bytes.

    Only what can be told is here: an attribute that CUDA has and this has not is an
    ``AttributeError``, no invented number.
    """

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    is_integrated: bool = True
    is_multi_gpu_board: bool = False


def is_available(mode: RedirectMode) -> bool:  # noqa: ARG001 - a device is always there to ask
    """True: a request for CUDA is granted, so CUDA is there to be asked for."""
    return True


def device_count(mode: RedirectMode) -> int:
    """At least 1, in agreement with ``is_available``."""
    return max(1, mode.machine.count(mode.home.type))


def current_device(mode: RedirectMode) -> int:
    module = home_module(mode)
    return (mode.home.index or 0) if module is None else int(module.current_device())


def set_device(mode: RedirectMode, device: object) -> None:
    """Make a device current; where there is only one, it is that already."""
    module, target = home_module(mode), mode.explicit(device, torch.cuda.set_device) or device
    if module is not None:
        module.set_device(target)


def get_device_name(mode: RedirectMode, device: object = None) -> str:  # noqa: ARG001
    return f"{mode.home.type.upper()} (CUDA compatible)"


def get_device_capability(
    mode: RedirectMode,  # noqa: ARG001
    device: object = None,  # noqa: ARG001
) -> tuple[int, int]:
    return SIMULATED_CAPABILITY


def get_device_properties(mode: RedirectMode, device: object = None) -> SimulatedDeviceProperties:
    properties = device_properties(torch, mode.home)
    return SimulatedDeviceProperties(
        name=get_device_name(mode, device),
        major=SIMULATED_CAPABILITY[0],
        minor=SIMULATED_CAPABILITY[1],
        total_memory=number(properties.total_memory),
        multi_processor_count=number(properties.multi_processor_count),
    )


def synchronize(mode: RedirectMode, device: object = None) -> None:  # noqa: ARG001
    streams.synchronize(torch, mode.home)


def is_bf16_supported(mode: RedirectMode, including_emulation: bool = True) -> bool:  # noqa: ARG001
    """Try it: torch raises a TypeError on devices without bfloat16."""
    with mode.paused():
        try:
            torch.zeros(1, dtype=torch.bfloat16, device=mode.home)
        except (TypeError, RuntimeError):
            return False
    return True


class DeviceBlock:
    """``with torch.cuda.device(...)``: nothing to choose where there is only one device."""

    def __init__(self, mode: RedirectMode, device: object) -> None:
        self._mode = mode
        named = device.device if isinstance(device, torch.Tensor) else device
        self._target = mode.explicit(named, torch.cuda.device) or named
        self.idx = self.prev_idx = mode.home.index or 0

    def __enter__(self) -> None:
        module = home_module(self._mode)
        if module is not None:
            self.prev_idx = int(module.current_device())
            module.set_device(self._target)

    def __exit__(self, *error: object) -> None:
        module = home_module(self._mode)
        if module is not None:
            module.set_device(self.prev_idx)
