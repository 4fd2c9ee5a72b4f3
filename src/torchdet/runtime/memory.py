"""Memory figures in bytes, and what cannot be told, said in words instead of a number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.device_module import device_module
from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.host import physical_memory

if TYPE_CHECKING:
    import torch

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A figure that this device does not have; `reason` says why."""

    reason: str

    def __str__(self) -> str:
        return f"unanswered: {self.reason}"


Figure = int | Unanswered


def number(figure: Figure) -> int:
    """Return a figure that is needed as a number; raise `UnsupportedOnDeviceError` if it is none.

    >>> number(Unanswered("this system does not say"))
    Traceback (most recent call last):
        ...
    torchdet.runtime.errors.UnsupportedOnDeviceError: this system does not say
    """
    if isinstance(figure, Unanswered):
        raise UnsupportedOnDeviceError(figure.reason)
    return figure


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Bytes of one device.

    On an accelerator `allocated`, `reserved` and `peak` are torch's own allocator; `free` and
    `total` are the device's. On the CPU `allocated` and `peak` are the resident memory of this
    process, and `free` and `total` what the machine (or the container's limit) has.
    """

    allocated: Figure
    reserved: Figure
    peak: Figure
    free: Figure
    total: Figure

    def as_dict(self) -> dict[str, int | str]:
        """Return the figures as plain data; what is unanswered is its reason."""
        return {
            name: value if isinstance(value, int) else str(value)
            for name, value in (
                ("allocated", self.allocated),
                ("reserved", self.reserved),
                ("peak", self.peak),
                ("free", self.free),
                ("total", self.total),
            )
        }


def memory_figures(torch: ModuleType, device: torch.device) -> MemoryFigures:
    """Read the figures of one device."""
    if device.type == "cpu":
        return _host_figures()
    if device.type == "mps":
        return _mps_figures(torch)
    module = device_module(torch, device, "mem_get_info", "memory figures")
    free, total = module.mem_get_info(device)
    return MemoryFigures(
        allocated=int(module.memory_allocated(device)),
        reserved=int(module.memory_reserved(device)),
        peak=int(module.max_memory_allocated(device)),
        free=int(free),
        total=int(total),
    )


def reset_peak(torch: ModuleType, device: torch.device) -> None:
    """Let the peak begin anew at what is allocated now.

    Raises `UnsupportedOnDeviceError` where no peak can be reset: on MPS there is none, and the
    peak of a process on the CPU is the system's.
    """
    if device.type in ("cpu", "mps"):
        raise UnsupportedOnDeviceError(
            f"{device}: the peak cannot be reset; "
            + ("the operating system keeps it" if device.type == "cpu" else "torch keeps none")
        )
    module = device_module(torch, device, "reset_peak_memory_stats", "peak of memory")
    module.reset_peak_memory_stats(device)


def empty_cache(torch: ModuleType, device: torch.device) -> None:
    """Give cached, unused memory back to the device; the CPU's allocator caches none."""
    if device.type != "cpu":
        device_module(torch, device, "empty_cache", "cache of memory").empty_cache()


def _mps_figures(torch: ModuleType) -> MemoryFigures:
    driver, limit = torch.mps.driver_allocated_memory(), torch.mps.recommended_max_memory()
    return MemoryFigures(
        allocated=int(torch.mps.current_allocated_memory()),
        reserved=int(driver),
        peak=Unanswered("torch keeps no peak on MPS"),
        free=max(int(limit) - int(driver), 0),
        total=int(limit),
    )


# --- the host ------------------------------------------------------------------------------------


def _host_figures() -> MemoryFigures:
    total = physical_memory()
    limit = _container_number("memory.max", "memory/memory.limit_in_bytes")
    used = _container_number("memory.current", "memory/memory.usage_in_bytes")
    available = _field(Path("/proc/meminfo"), "MemAvailable:")
    if limit is not None and total is not None and limit < total:
        total = limit
        if available is not None and used is not None:
            available = min(available, max(limit - used, 0))
    resident = _field(Path("/proc/self/status"), "VmRSS:")
    return MemoryFigures(
        allocated=_or_unanswered(
            resident, "the resident memory of a process is read on Linux only"
        ),
        reserved=Unanswered("torch's CPU allocator keeps nothing in reserve"),
        peak=_peak_resident(),
        free=_or_unanswered(available, "the available memory is read on Linux only"),
        total=_or_unanswered(total, "this system does not say how much memory it has"),
    )


def _or_unanswered(value: int | None, reason: str) -> Figure:
    return Unanswered(reason) if value is None else value


def _peak_resident() -> Figure:
    peak = _field(Path("/proc/self/status"), "VmHWM:")
    if peak is not None:
        return peak
    try:
        import resource
    except ImportError:
        return Unanswered("this system keeps no peak of a process")
    # macOS counts bytes here; Linux (KiB) has answered above.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _field(file: Path, name: str) -> int | None:
    """Return a field of a /proc file (in KiB there) as bytes."""
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name):
            return int(line.split()[1]) * _KIB
    return None


def _container_number(*names: str) -> int | None:
    """Return a number of the control group that this process lives in, version 2 or 1."""
    for name in names:
        try:
            text = Path("/sys/fs/cgroup", name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        return int(text) if text.isdigit() else None
    return None
