"""Runs programs without starting Python and importing everything again for each run.

A server that has imported the program forks a process for each run: with standard streams, a
folder, an environment and an exit code of its own, like a process that a shell starts. Tests of
what happens before `main`, such as where modules are imported from, start Python instead.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A function ``module:name`` that reads ``sys.argv``, and words that have it import all."""

    entry: str
    warm_up: tuple[str, ...]


def run(
    program: Program,
    arguments: Sequence[str],
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``program`` as this process would run it, with ``environment`` added to its own."""
    with tempfile.TemporaryDirectory() as streams:
        Path(streams, "0").write_bytes(stdin)
        variables = {**os.environ, **(environment or {})}
        request = [streams, os.getcwd(), _umask(), variables, [program.entry, *arguments]]
        server = _server(program)
        assert server.stdin is not None
        assert server.stdout is not None
        print(json.dumps(request), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        stdout, stderr = (Path(streams, stream).read_bytes().decode() for stream in "12")
    return subprocess.CompletedProcess(request[-1], code, stdout, stderr)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@cache
def _server(program: Program) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", __name__, program.entry, *program.warm_up],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=Path(__file__).parents[1],
    )
    atexit.register(server.wait)
    atexit.register(server.kill)  # called first
    return server


def _serve(entry: str, warm_up: Sequence[str]) -> None:
    module, _, name = entry.partition(":")
    main: Callable[[], object] = getattr(import_module(module), name)
    _import_all(main, warm_up)
    for line in sys.stdin:
        process = os.fork()
        if not process:
            _settle(*json.loads(line))
            main()
            return
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _import_all(main: Callable[[], object], arguments: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        Path(folder, "a.py").write_text("import torch\n\ntorch.cuda.synchronize()\n")
        sys.argv[1:] = [*arguments, str(Path(folder, "a.py"))]
        with contextlib.redirect_stdout(nowhere), contextlib.suppress(SystemExit):
            main()
    gc.enable()
    gc.freeze()


def _settle(
    streams: str, folder: str, umask: int, variables: dict[str, str], words: list[str]
) -> None:
    """Make this process the one that was asked for."""
    for number, flags in enumerate((os.O_RDONLY, *2 * [os.O_WRONLY | os.O_CREAT])):
        os.dup2(os.open(os.path.join(streams, str(number)), flags), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- open until the process ends
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(variables)
    os.umask(umask)
    os.chdir(folder)
    sys.argv = words


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
