"""What the machine gives this process: processors, and how much memory it holds of it."""

from __future__ import annotations

import os
import sys

_GROWN = 160 * 10**6
"""Beyond this a process is replaced: what a large tree took is rarely given back."""


def has_grown() -> bool:
    """Whether this process holds more memory than one that has checked ordinary files."""
    return _resident() > _GROWN


def _resident() -> int:
    """The resident memory in bytes; at its highest, where the system tells no more; or 0."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _peak()


def _peak() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
