"""``torch.cuda``'s memory figures, read from the device that CUDA requests go to. Bytes."""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from pathlib import Path

import torch

from torchdet.runtime import memory
from torchdet.runtime.events import LOGGER
from torchdet.runtime.memory import MemoryFigures, number
from torchdet.runtime.redirect.mode import RedirectMode


class _Peak:
    """The most memory seen since the last reset.

    The system's own peak of a process cannot be reset. If it has grown since the reset, it is
    the answer; otherwise the answer is the most that any question since has seen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._most = 0
        self._system_at_reset = 0

    def observe(self, figures: MemoryFigures) -> int:
        """Take new figures into account and return the peak."""
        system = figures.peak if isinstance(figures.peak, int) else 0
        with self._lock:
            self._most = max(self._most, number(figures.allocated))
            if system > self._system_at_reset:
                self._most = max(self._most, system)
            return self._most

    def reset(self, figures: MemoryFigures) -> None:
        """Begin anew at what is allocated now."""
        with self._lock:
            self._most = number(figures.allocated)
            self._system_at_reset = figures.peak if isinstance(figures.peak, int) else 0


_peak = _Peak()


def _figures(mode: RedirectMode) -> MemoryFigures:
    return memory.memory_figures(torch, mode.home)


def memory_allocated(mode: RedirectMode, device: object = None) -> int:  # noqa: ARG001
    figures = _figures(mode)
    _peak.observe(figures)
    return number(figures.allocated)


def memory_reserved(mode: RedirectMode, device: object = None) -> int:  # noqa: ARG001
    """What the allocator holds; where it holds nothing back, what is allocated."""
    figures = _figures(mode)
    _peak.observe(figures)
    reserved = figures.reserved if isinstance(figures.reserved, int) else 0
    return max(reserved, number(figures.allocated))


def max_memory_allocated(mode: RedirectMode, device: object = None) -> int:  # noqa: ARG001
    return _peak.observe(_figures(mode))


def max_memory_reserved(mode: RedirectMode, device: object = None) -> int:
    return max(_peak.observe(_figures(mode)), memory_reserved(mode, device))


def reset_peak_memory_stats(mode: RedirectMode, device: object = None) -> None:  # noqa: ARG001
    _peak.reset(_figures(mode))


def reset_accumulated_memory_stats(mode: RedirectMode, device: object = None) -> None:
    """Nothing is counted up here, so there is nothing to reset."""


def memory_stats(mode: RedirectMode, device: object = None) -> OrderedDict[str, int]:
    """The entries that can be told; CUDA's other counters have no counterpart."""
    allocated, reserved = memory_allocated(mode, device), memory_reserved(mode, device)
    stats = {
        "active_bytes.all.current": allocated,
        "active_bytes.all.peak": max_memory_allocated(mode, device),
        "allocated_bytes.all.current": allocated,
        "allocated_bytes.all.peak": max_memory_allocated(mode, device),
        "num_alloc_retries": 0,
        "num_ooms": 0,
        "reserved_bytes.all.current": reserved,
        "reserved_bytes.all.peak": max_memory_reserved(mode, device),
    }
    return OrderedDict(sorted(stats.items()))


def memory_stats_as_nested_dict(mode: RedirectMode, device: object = None) -> dict[str, object]:
    nested: dict[str, object] = {}
    for key, value in memory_stats(mode, device).items():
        *path, last = key.split(".")
        inner = nested
        for part in path:
            following = inner.setdefault(part, {})
            assert isinstance(following, dict)
            inner = following
        inner[last] = value
    return nested


def memory_summary(mode: RedirectMode, device: object = None, abbreviated: bool = False) -> str:  # noqa: ARG001
    lines = [f"memory of {mode.home}, to which CUDA requests go (bytes)"]
    lines += [f"{key:<32}{value:>20}" for key, value in memory_stats(mode, device).items()]
    free, total = mem_get_info(mode, device)
    lines += [f"{'free':<32}{free:>20}", f"{'total':<32}{total:>20}"]
    return "\n".join(lines)


def memory_snapshot(mode: RedirectMode, *args: object, **kwargs: object) -> list[object]:  # noqa: ARG001
    """No segments: the allocator here is not CUDA's."""
    return []


def snapshot(mode: RedirectMode, *args: object, **kwargs: object) -> dict[str, object]:  # noqa: ARG001
    """A snapshot in CUDA's form of an allocator that keeps no segments and no history."""
    traces: list[object] = [[] for _ in range(max(1, mode.machine.count(mode.home.type)))]
    return {
        "segments": [],
        "device_traces": traces,
        "allocator_settings": {},
        "external_annotations": [],
    }


def dump_snapshot(
    mode: RedirectMode,
    filename: str = "dump_snapshot.pickle",
    *args: object,  # noqa: ARG001
    **kwargs: object,  # noqa: ARG001
) -> None:
    Path(filename).write_bytes(pickle.dumps(snapshot(mode)))


def record_history(mode: RedirectMode, *args: object, **kwargs: object) -> None:  # noqa: ARG001
    LOGGER.warning("the allocations of %s are not recorded; snapshots will be empty", mode.home)


def total_memory(mode: RedirectMode) -> int:
    return mem_get_info(mode)[1]


def mem_get_info(mode: RedirectMode, device: object = None) -> tuple[int, int]:  # noqa: ARG001
    figures = _figures(mode)
    return number(figures.free), number(figures.total)


def empty_cache(mode: RedirectMode) -> None:
    memory.empty_cache(torch, mode.home)


_fractions: dict[str, float] = {}


def set_per_process_memory_fraction(
    mode: RedirectMode,
    fraction: float,
    device: object = None,  # noqa: ARG001
) -> None:
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    if mode.home.type == "mps":
        torch.mps.set_per_process_memory_fraction(fraction)
    elif _fractions.get(mode.home.type) != fraction:
        LOGGER.warning("a memory fraction of %s is not enforced on %s", fraction, mode.home)
    _fractions[mode.home.type] = fraction


def get_per_process_memory_fraction(mode: RedirectMode, device: object = None) -> float:  # noqa: ARG001
    return _fractions.get(mode.home.type, 1.0)
