"""What a device is, in the same words for every type."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.device_module import device_module
from torchdet.runtime.host import processor_name, usable_cpus
from torchdet.runtime.memory import Figure, Unanswered, memory_figures

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class DeviceProperties:
    """One device.

    `total_memory` is in bytes, as in `MemoryFigures`. `multi_processor_count` counts what computes
    in parallel: multiprocessors on CUDA, execution units on XPU, cores on MPS, on the CPU the CPUs
    that this process may use. `capability` is CUDA's (major, minor). `native` is torch's own
    properties object where it has one (CUDA, XPU), with everything else that it knows.
    """

    name: str | Unanswered
    total_memory: Figure
    multi_processor_count: Figure
    capability: tuple[int, int] | Unanswered
    native: object = None


def device_properties(torch: ModuleType, device: torch.device) -> DeviceProperties:
    """Read the properties of one device.

    Raises `UnsupportedOnDeviceError` for a device that torch cannot describe, such as `meta`.
    """
    if device.type == "cpu":
        return _of_the_cpu(torch, device)
    if device.type == "mps":
        return _of_mps(torch, device)
    module = device_module(torch, device, "get_device_properties", "properties")
    native = module.get_device_properties(device)
    units = next(
        (
            int(getattr(native, name))
            for name in ("multi_processor_count", "gpu_eu_count")
            if hasattr(native, name)
        ),
        Unanswered(f"torch does not count the processors of {device.type}"),
    )
    has_capability = device.type == "cuda" and hasattr(native, "major")
    return DeviceProperties(
        name=str(native.name),
        total_memory=int(native.total_memory),
        multi_processor_count=units,
        capability=(int(native.major), int(native.minor))
        if has_capability
        else _no_capability(device),
        native=native,
    )


def _no_capability(device: torch.device) -> Unanswered:
    return Unanswered(f"only CUDA has a compute capability, not {device.type}")


def _of_the_cpu(torch: ModuleType, device: torch.device) -> DeviceProperties:
    return DeviceProperties(
        name=processor_name() or Unanswered("this system does not name its processor"),
        total_memory=memory_figures(torch, device).total,
        multi_processor_count=usable_cpus(),
        capability=_no_capability(device),
    )


def _of_mps(torch: ModuleType, device: torch.device) -> DeviceProperties:
    backend = torch.backends.mps  # names and counts since torch 2.9
    return DeviceProperties(
        name=str(backend.get_name()) if hasattr(backend, "get_name") else _or_chip(),
        total_memory=memory_figures(torch, device).total,
        multi_processor_count=int(backend.get_core_count())
        if hasattr(backend, "get_core_count")
        else Unanswered(f"torch {torch.__version__} does not count the cores of MPS"),
        capability=_no_capability(device),
    )


def _or_chip() -> str | Unanswered:
    return processor_name() or Unanswered("neither torch nor the system names the chip")
