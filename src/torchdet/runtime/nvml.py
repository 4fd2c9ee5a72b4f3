"""What NVIDIA's management library knows about the GPUs, without touching CUDA.

Creating a CUDA context to ask for a name would make a later fork unusable; NVML answers the same
questions from outside. Names follow NVIDIA's NVML API reference.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

_LIBRARIES = ("nvml.dll",) if os.name == "nt" else ("libnvidia-ml.so.1",)
_TEXT_SIZE = 96


@dataclass(frozen=True, slots=True)
class NvmlDevice:
    """One GPU as NVML shows it; `total_memory` is in bytes."""

    uuid: str
    name: str | None
    total_memory: int | None
    capability: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class NvmlSnapshot:
    """The driver's version and every GPU of the machine, in NVML's (PCI bus) order."""

    driver: str | None
    devices: tuple[NvmlDevice, ...]


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def read_nvml() -> NvmlSnapshot | None:
    """Return what NVML says, or None where there is no NVML (no NVIDIA driver, or no access)."""
    with _open() as library:
        if library is None:
            return None
        count = ctypes.c_uint(0)
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return NvmlSnapshot(_driver(library), ())
        devices = tuple(_device(library, index) for index in range(count.value))
        return NvmlSnapshot(_driver(library), devices)


@contextmanager
def _open() -> Iterator[ctypes.CDLL | None]:
    library = next(filter(None, map(_load, _LIBRARIES)), None)
    if library is None or library.nvmlInit_v2() != 0:
        yield None
        return
    try:
        yield library
    finally:
        library.nvmlShutdown()


def _load(name: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


def _driver(library: ctypes.CDLL) -> str | None:
    text = ctypes.create_string_buffer(_TEXT_SIZE)
    if library.nvmlSystemGetDriverVersion(text, _TEXT_SIZE) != 0:
        return None
    return text.value.decode("ascii", "replace")


def _device(library: ctypes.CDLL, index: int) -> NvmlDevice:
    handle = ctypes.c_void_p()
    if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
        return NvmlDevice("", None, None, None)
    memory, major, minor = _Memory(), ctypes.c_int(), ctypes.c_int()
    has_memory = library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
    has_capability = (
        library.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
        == 0
    )
    return NvmlDevice(
        _text(library.nvmlDeviceGetUUID, handle) or "",
        _text(library.nvmlDeviceGetName, handle),
        int(memory.total) if has_memory else None,
        (major.value, minor.value) if has_capability else None,
    )


def _text(call: ctypes._NamedFuncPointer, handle: ctypes.c_void_p) -> str | None:
    text = ctypes.create_string_buffer(_TEXT_SIZE)
    return text.value.decode("utf-8", "replace") if call(handle, text, _TEXT_SIZE) == 0 else None


def visible_devices(
    devices: tuple[NvmlDevice, ...], environment: Mapping[str, str], count: int
) -> tuple[NvmlDevice | None, ...]:
    """Return the NVML device behind each of CUDA's `count` ordinals, None where it is not certain.

    `CUDA_VISIBLE_DEVICES` selects by position or by the beginning of a UUID. Positions mean PCI
    order only with `CUDA_DEVICE_ORDER=PCI_BUS_ID`, or when all GPUs are of one model; otherwise
    CUDA puts the fastest first, and which one that is NVML cannot tell. MIG instances are not
    mapped.
    """
    unknown: tuple[NvmlDevice | None, ...] = (None,) * count
    models = {(each.name, each.total_memory) for each in devices}
    positions_hold = len(models) == 1 or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    selected = environment.get("CUDA_VISIBLE_DEVICES")
    if selected is None:
        return devices if positions_hold and len(devices) == count else unknown
    chosen = [_select(part.strip(), devices, positions_hold) for part in selected.split(",")]
    return tuple((chosen + [None] * count)[:count])


def _select(part: str, devices: tuple[NvmlDevice, ...], positions_hold: bool) -> NvmlDevice | None:
    if part.isascii() and part.isdigit():
        index = int(part)
        return devices[index] if positions_hold and index < len(devices) else None
    matches = [each for each in devices if part and each.uuid.startswith(part)]
    return matches[0] if len(matches) == 1 else None
