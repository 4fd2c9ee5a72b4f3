"""Runs the command line as a process."""

from __future__ import annotations

import os
import subprocess
import sys

from tests import prefork
from tests.patience import PATIENCE

_TORCHDET = prefork.Program("torchdet.__main__:main", ("lint", "--no-cache", "--exit-zero"))


def torchdet(
    *arguments: str, stdin: str | bytes = b"", **environment: str
) -> subprocess.CompletedProcess[str]:
    """``torchdet`` with ``environment`` added to the process's own."""
    if not hasattr(os, "fork") or any(name.startswith("PYTHON") for name in environment):
        return fresh_torchdet(*arguments, stdin=stdin, **environment)
    return prefork.run(_TORCHDET, arguments, _bytes(stdin), environment)


def fresh_torchdet(
    *arguments: str, stdin: str | bytes = b"", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same in a Python that is started for it: with its own path of modules, and variables."""
    done = subprocess.run(
        [sys.executable, "-m", "torchdet", *arguments],
        input=_bytes(stdin),
        capture_output=True,
        env={**os.environ, **environment},
        timeout=PATIENCE,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def _bytes(stdin: str | bytes) -> bytes:
    return stdin.encode() if isinstance(stdin, str) else stdin
