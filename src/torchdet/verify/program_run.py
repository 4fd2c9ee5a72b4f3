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

from torchdet.verify.recording_spec import VARIABLE, RecordingSpec
from torchdet.verify.trace.trace_reader import RunTrace

STARTUP = Path(__file__).parent / "startup"
_STDERR = 2
_INTERVAL = 0.05
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run's trace, and how the program ended: its exit status, or None if it was ended early."""

    trace: RunTrace
    status: int | None


def run_program(
    command: Sequence[str],
    spec: RecordingSpec,
    *,
    enough: Callable[[], bool] = lambda: False,
) -> FinishedRun:
    """Run ``command`` in a process group of its own until it ends, or until it is ``enough``.

    Its standard output goes to standard error: the verdict has standard output for itself.
    Raises ``OSError`` if the command cannot be started.
    """
    Path(spec.folder).mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(  # noqa: S603 -- running the user's program is the purpose
        command,
        env=program_environment(spec),
        stdin=subprocess.DEVNULL,
        stdout=_STDERR,
        start_new_session=True,
    )
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
    paths = [str(STARTUP), *filter(None, [inherited.get("PYTHONPATH")])]
    eager = {"TORCHDYNAMO_DISABLE": "1"} if spec.eager else {}
    return {
        **inherited, **eager, VARIABLE: spec.to_text(), "PYTHONPATH": os.pathsep.join(paths)
    }  # fmt: skip


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it has started and left behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        if number is signal.SIGTERM:
            _wait(process)
    process.wait()


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Give the program a moment to end by itself."""
    until = time.monotonic() + _GRACE
    while time.monotonic() < until:
        try:
            process.wait(_INTERVAL)
        except subprocess.TimeoutExpired:
            continue
        return
