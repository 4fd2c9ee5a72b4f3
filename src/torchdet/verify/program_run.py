"""Runs a program that records itself, and ends it when no more of it is wanted."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torchdet.runtime.program_start import with_startup
from torchdet.verify.recording_spec import VARIABLE, RecordingSpec
from torchdet.verify.trace.trace_reader import RunTrace

_STDERR = 2
_INTERVAL = 0.05
_GRACE = 5.0


class RunningProgram(Protocol):
    """A program that leads a process group of its own, as ``subprocess.Popen`` makes one."""

    @property
    def pid(self) -> int:
        """The number of its process and of the group."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status. Raises ``subprocess.TimeoutExpired``."""


Starter = Callable[[Sequence[str], Mapping[str, str]], RunningProgram]
"""Starts a command in an environment. Raises ``OSError``."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run's trace, and how the program ended: its exit status, or None if it was ended early."""

    trace: RunTrace
    status: int | None


def start_program(command: Sequence[str], environment: Mapping[str, str]) -> RunningProgram:
    """Start a command.

    Its standard output goes to standard error: the verdict has standard output for itself.
    """
    return subprocess.Popen(  # noqa: S603 -- running the user's program is the purpose
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=_STDERR,
        start_new_session=True,
    )


def run_program(
    command: Sequence[str],
    spec: RecordingSpec,
    *,
    enough: Callable[[], bool] = lambda: False,
    start: Starter = start_program,
) -> FinishedRun:
    """Run ``command`` until it ends, or until it is ``enough``.

    Raises ``OSError`` if the command cannot be started.
    """
    Path(spec.folder).mkdir(parents=True, exist_ok=True)
    process = start(command, program_environment(spec))
    trace = RunTrace(Path(spec.folder))
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return FinishedRun(trace, process.wait(_INTERVAL))
            if enough():
                return FinishedRun(trace, None)
    finally:
        _end_group(process)


def program_environment(
    spec: RecordingSpec, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment in which a program records itself: ``inherited``, or this process's."""
    inherited = os.environ if inherited is None else inherited
    eager = {"TORCHDYNAMO_DISABLE": "1"} if spec.eager else {}
    return {**with_startup(inherited), **eager, VARIABLE: spec.to_text()}


def _end_group(process: RunningProgram) -> None:
    """End the program and what it has started and left behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        if number is signal.SIGTERM:
            _wait(process)
    process.wait()


def _wait(process: RunningProgram) -> None:
    """Give the program a moment to end by itself."""
    until = time.monotonic() + _GRACE
    while time.monotonic() < until:
        try:
            process.wait(_INTERVAL)
        except subprocess.TimeoutExpired:
            continue
        return
