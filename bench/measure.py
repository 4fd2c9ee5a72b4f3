"""Run a command to its end and say what it cost: seconds and memory, children included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class MeasureError(Exception):
    """A measured command failed, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run cost.

    ``wall`` and ``cpu`` are seconds; ``cpu`` is user and system time of the process and of all
    the children that it waited for. ``peak`` is the resident memory of the largest one of these
    processes, in bytes, at its highest.
    """

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Command:
    """A command line with its folder, its environment beyond the inherited one, and the exit
    codes that mean that it did its work."""

    argv: tuple[str, ...]
    folder: Path
    environment: tuple[tuple[str, str], ...] = ()
    good_exits: tuple[int, ...] = (0,)


def measure(command: Command, output: Path) -> Usage:
    """Run ``command`` with its standard output in the file ``output`` and account for it.

    Raises ``MeasureError`` with the end of its error output when the exit code isn't a good one.
    """
    errors = output.with_suffix(".stderr")
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            cwd=command.folder,
            env={**os.environ, **dict(command.environment)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.good_exits:
        tail = errors.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise MeasureError(
            f"`{' '.join(command.argv[:4])} ...` ended with exit code {process.returncode}, "
            f"expected one of {command.good_exits}:\n{tail}"
        )
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _MAXRSS_UNIT)


def typical(runs: Sequence[Usage]) -> Usage:
    """The median of each figure over several runs; of memory, the highest."""
    return Usage(
        median(run.wall for run in runs),
        median(run.cpu for run in runs),
        max(run.peak for run in runs),
    )


def hold_to_cores(count: int) -> None:
    """Hold this process, and all that it starts, to ``count`` cores.

    Raises ``MeasureError`` where the system can't do that or has fewer cores to give.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise MeasureError("this system can't hold processes to cores; run it on Linux")
    available = sorted(os.sched_getaffinity(0))
    if count > len(available):
        raise MeasureError(f"--jobs {count}: there are {len(available)} cores")
    os.sched_setaffinity(0, available[:count])


def machine(versions: Mapping[str, str]) -> str:
    """One line on the processor, the Python and the ``versions`` of the tools."""
    processor = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    python = ".".join(map(str, sys.version_info[:3]))
    return ", ".join([processor, f"Python {python}", *(f"{n} {v}" for n, v in versions.items())])
