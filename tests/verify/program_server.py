"""Starts programs from a process that has imported torch: each takes a fork instead of seconds.

``start`` serves as ``Verification.start``. A forked program differs from a fresh one in that
recording begins without ``sitecustomize``, in its hash seed, and in nothing else that a case may
depend on: its generators are seeded anew by the operating system. Cases for which that is not
enough, and tests of how recording starts, run fresh processes.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass
class ForkedProgram:
    """A program that the server runs, with the part of ``Popen`` that a run needs."""

    server: subprocess.Popen[bytes]
    pid: int
    status: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        assert self.server.stdout is not None
        if self.status is None:
            if not select.select([self.server.stdout], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("program", timeout or 0)
            self.status = int(self.server.stdout.readline())
        return self.status


def start(command: Sequence[str], environment: Mapping[str, str]) -> ForkedProgram:
    """Start ``python SCRIPT [ARGUMENTS]`` in the current folder, its output beside the tests'."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    _, *words = command
    request = json.dumps([os.getcwd(), dict(environment), words])
    server.stdin.write(f"{request}\n".encode())
    return ForkedProgram(server, int(server.stdout.readline()))


@cache
def _server() -> subprocess.Popen[bytes]:
    # Unbuffered, so that what ``select`` does not see has not come yet.
    server = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    atexit.register(server.wait)
    atexit.register(server.kill)  # called first
    return server


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w", 1)
    os.dup2(2, 1)
    _import_what_programs_do()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            _become(*json.loads(line))
            return
        print(process, file=answers)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), file=answers)


def _import_what_programs_do() -> None:
    import numpy as np
    import torch.distributed
    import torch.multiprocessing
    import torch.utils.data

    import torchdet.verify.recorder.session

    assert [np, torch.multiprocessing, torchdet.verify.recorder.session]


def _become(folder: str, environment: Mapping[str, str], words: list[str]) -> None:
    """Be the program, as Python starts it. It ends as Python ends, exit functions included."""
    import numpy as np
    import torch

    from torchdet.verify.recorder_start import record_when_torch_is_imported

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = words
    sys.path[0] = str(Path(words[0]).parent)
    torch.default_generator.seed()
    np.random.seed()
    record_when_torch_is_imported()
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    _serve()
