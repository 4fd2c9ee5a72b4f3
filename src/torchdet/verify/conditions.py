"""The conditions under which a program may be run, one of them changed at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torchdet.verify.changed_process import ORDER_OF_FILES, VARIABLE, WORKERS
from torchdet.verify.program_run import RunningProgram, Starter

PINNED = {"PYTHONHASHSEED": "0"}
"""What all runs have in common unless the user has set it."""

_BURN = """\
import os
parent = os.getppid()
while os.getppid() == parent:
    sum(range(100_000))
"""

_OLD_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One change: its name, what it is in words, variables, and whether others compute beside."""

    name: str
    change: str
    variables: Mapping[str, str] = field(default_factory=dict)
    is_load: bool = False

    def starter(self, start: Starter) -> Starter:
        """``start`` under this condition."""

        def start_changed(command: Sequence[str], environment: Mapping[str, str]) -> RunningProgram:
            changed = {**environment, **self.variables}
            return _Loaded(start, command, changed) if self.is_load else start(command, changed)

        return start_changed


def pinned(start: Starter) -> Starter:
    """``start`` with what all runs have in common."""
    return lambda command, environment: start(command, {**PINNED, **environment})


def condition(name: str, facts: Mapping[str, str]) -> Condition:
    """The condition called ``name``, against runs of which ``facts`` are known.

    Raises ``KeyError`` for an unknown name.
    """
    return _CONDITIONS[name](facts)


def _hashseed(facts: Mapping[str, str]) -> Condition:
    seed = "1" if facts.get("PYTHONHASHSEED", "0") != "1" else "2"
    change = f"PYTHONHASHSEED={seed}: sets of strings have another order"
    return Condition("hashseed", change, {"PYTHONHASHSEED": seed})


def _threads(facts: Mapping[str, str]) -> Condition:
    number = "1" if facts.get("threads", "2") != "1" else "2"
    variables = {"OMP_NUM_THREADS": number, "MKL_NUM_THREADS": number}
    return Condition("threads", f"{number} of OpenMP instead of {facts.get('threads')}", variables)


def _workers(_facts: Mapping[str, str]) -> Condition:
    return Condition("workers", "data loaders have one more, or 2 for none", {VARIABLE: WORKERS})


def _order_of_files(_facts: Mapping[str, str]) -> Condition:
    return Condition("order-of-files", "folders list backwards", {VARIABLE: ORDER_OF_FILES})


def _load(_facts: Mapping[str, str]) -> Condition:
    return Condition("load", "every processor is busy with something else", is_load=True)


def _device(facts: Mapping[str, str]) -> Condition:
    if "device" in facts:
        hidden = {"CUDA_VISIBLE_DEVICES": ""}
        return Condition("device", f"{facts['device']} is hidden", hidden)
    return Condition("device", "the CPU computes as one without AVX", _OLD_PROCESSOR)


_CONDITIONS: Mapping[str, Callable[[Mapping[str, str]], Condition]] = {
    "hashseed": _hashseed,
    "threads": _threads,
    "workers": _workers,
    "order-of-files": _order_of_files,
    "load": _load,
    "device": _device,
}

CONDITIONS = tuple(_CONDITIONS)
"""The names of all conditions."""


class _Loaded:
    """A program beside which every processor is busy until it has ended."""

    def __init__(
        self, start: Starter, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        burn = [sys.executable, "-I", "-S", "-c", _BURN]
        count = os.cpu_count() or 1
        self._burners = [subprocess.Popen(burn) for _ in range(count)]  # noqa: S603 -- ours
        try:
            self._program = start(command, environment)
        except OSError:
            self._stop()
            raise

    @property
    def pid(self) -> int:
        """The number of the program's process."""
        return self._program.pid

    def wait(self, timeout: float | None = None) -> int:
        """The program's exit status. Raises ``subprocess.TimeoutExpired``."""
        status = self._program.wait(timeout)
        self._stop()
        return status

    def _stop(self) -> None:
        for burner in self._burners:
            burner.kill()
            burner.wait()
        self._burners.clear()
