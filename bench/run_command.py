"""Run one command line of a project: with its Python, in its folder, within a time limit."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TIMED_OUT = 124
"""The exit code of a command that ran past its limit, as `timeout` has it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where commands run: the folder, the Python that `python` means there, what is added to the
    environment, and the seconds that a command may take."""

    folder: Path
    python: Path
    variables: tuple[tuple[str, str], ...] = ()
    limit: float = 1800.0

    def environment(self) -> Mapping[str, str]:
        """The variables of the commands: this process's own, the Python's folder first in PATH."""
        search = os.pathsep.join([str(self.python.parent), os.environ.get("PATH", "")])
        return {**os.environ, "PATH": search, **dict(self.variables)}


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended. ``output`` is standard output and error together."""

    exit_code: int
    seconds: float
    output: str


def run(command: str | list[str], place: Place) -> Finished:
    """Run ``command`` to its end; past the limit it is stopped with all that it started."""
    argv = shlex.split(command) if isinstance(command, str) else command
    if argv[0] == "python":
        argv = [str(place.python), *argv[1:]]
    started = time.perf_counter()
    process = subprocess.Popen(
        argv,
        cwd=place.folder,
        env=place.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=place.limit)
        exit_code = process.returncode
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        exit_code = TIMED_OUT
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
    seconds = time.perf_counter() - started
    return Finished(exit_code, seconds, output.decode("utf-8", "replace"))
