"""What the operating system says about the host: its memory, its processors and their name."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
from pathlib import Path


def physical_memory() -> int | None:
    """Return the machine's memory in bytes, or None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def usable_cpus() -> int:
    """Return how many CPUs this process may run on.

    >>> usable_cpus() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def processor_name() -> str | None:
    """Return the name of the processor or chip (`Apple M3 Pro`), or None if nothing says it.

    Sources: `/proc/cpuinfo` on Linux, `sysctl machdep.cpu.brand_string` on macOS, else Python's
    `platform`.
    """
    system = platform.system()
    if system == "Linux":
        return _from_cpuinfo() or platform.machine() or None
    if system == "Darwin":
        return _from_sysctl()
    return platform.processor() or None


def _from_cpuinfo() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    fields = (line.partition(":") for line in lines)
    return next((text.strip() for name, _, text in fields if name.strip() == "model name"), None)


def _from_sysctl() -> str | None:
    path = ctypes.util.find_library("c")
    library = ctypes.CDLL(path) if path else None
    if library is None or not hasattr(library, "sysctlbyname"):
        return None
    text, size = ctypes.create_string_buffer(128), ctypes.c_size_t(128)
    failed = library.sysctlbyname(
        b"machdep.cpu.brand_string", text, ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    return None if failed else text.value.decode("utf-8", "replace")
