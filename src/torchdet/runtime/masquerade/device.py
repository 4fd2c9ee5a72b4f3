"""``torch.cuda``'s questions about devices, answered by the device that CUDA requests go to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import torch

from torchdet.runtime import streams
from torchdet.runtime.device_properties import device_properties
from torchdet.runtime.masquerade.home import home_module
from torchdet.runtime.memory import number
from torchdet.runtime.redirect.mode import RedirectMode

SIMULATED_CAPABILITY = (7, 0)
"""The compute capability that is reported: old enough that no program picks a kernel by it that
only newer hardware has. The value is the one of TorchDevice's document."""


_NO_UUID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SimulatedDeviceProperties:
    """What ``get_device_properties`` answers; sizes in bytes.

    Name, memory and processors are those of the device that is there. The limits of a
    multiprocessor are those that CUDA documents for the simulated capability. A board that nobody
    has is at address 0 and has no caches.
    """

    name: str
    total_memory: int
    multi_processor_count: int
    major: int = SIMULATED_CAPABILITY[0]
    minor: int = SIMULATED_CAPABILITY[1]
    is_integrated: bool = True
    is_multi_gpu_board: bool = False
    warp_size: int = 32
    max_threads_per_block: int = 1024
    max_threads_per_multi_processor: int = 2048
    regs_per_multiprocessor: int = 65536
    shared_memory_per_block: int = 48 * 1024
    shared_memory_per_block_optin: int = 96 * 1024
    shared_memory_per_multiprocessor: int = 96 * 1024
    L2_cache_size: int = 0
    clock_rate: int = 0
    memory_clock_rate: int = 0
    memory_bus_width: int = 0
    pci_bus_id: int = 0
    pci_device_id: int = 0
    pci_domain_id: int = 0
    gcnArchName: str = ""  # noqa: N815 - torch's name
    uuid: UUID = _NO_UUID


def is_available(mode: RedirectMode) -> bool:  # noqa: ARG001 - a device is always there to ask
    return True


def device_count(mode: RedirectMode) -> int:
    """At least 1, in agreement with ``is_available``."""
    return max(1, mode.machine.count(mode.home.type))


def current_device(mode: RedirectMode) -> int:
    module = home_module(mode)
    return (mode.home.index or 0) if module is None else int(module.current_device())


def set_device(mode: RedirectMode, device: object) -> None:
    """Make a device current; where there is only one, it is that already."""
    if isinstance(device, int) and device < 0:
        return  # torch does nothing then
    module, target = home_module(mode), mode.explicit(device, torch.cuda.set_device) or device
    if module is not None:
        module.set_device(target)


def get_device_name(mode: RedirectMode, device: object = None) -> str:  # noqa: ARG001
    """The device's own name; in masquerade one that says what it passes for."""
    if mode.is_masquerade:
        return f"{mode.home.type.upper()} (CUDA compatible)"
    name = device_properties(torch, mode.home).name
    return name if isinstance(name, str) else mode.home.type.upper()


def get_device_capability(
    mode: RedirectMode,  # noqa: ARG001
    device: object = None,  # noqa: ARG001
) -> tuple[int, int]:
    return SIMULATED_CAPABILITY


def get_device_properties(mode: RedirectMode, device: object = None) -> SimulatedDeviceProperties:
    properties = device_properties(torch, mode.home)
    return SimulatedDeviceProperties(
        name=get_device_name(mode, device),
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
        # As torch has it, None and negative numbers choose nothing.
        chooses = named is not None and not (isinstance(named, int) and named < 0)
        self._target = (mode.explicit(named, torch.cuda.device) or named) if chooses else None
        self.idx = self.prev_idx = mode.home.index or 0

    def __enter__(self) -> None:
        module = home_module(self._mode)
        if module is not None and self._target is not None:
            self.prev_idx = int(module.current_device())
            module.set_device(self._target)

    def __exit__(self, *error: object) -> None:
        module = home_module(self._mode)
        if module is not None and self._target is not None:
            module.set_device(self.prev_idx)
