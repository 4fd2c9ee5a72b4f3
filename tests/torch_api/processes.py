"""Python processes of their own, for what is decided when a process starts."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from functools import cache


def fresh_python(code: str, *options: str, **variables: str) -> str:
    """What ``code`` prints in a new interpreter, stripped.

    ``variables`` are added to an environment without those that decide about determinism. Equal
    calls are answered once. Raises CalledProcessError, with what it wrote, where ``code`` fails.
    """
    return _fresh_python(textwrap.dedent(code), options, tuple(sorted(variables.items())))


@cache
def _fresh_python(
    code: str, options: tuple[str, ...], variables: tuple[tuple[str, str], ...]
) -> str:
    return run_python(code, options, dict(variables))


def run_python(code: str, options: tuple[str, ...], variables: Mapping[str, str]) -> str:
    """Run ``code`` again each time; see ``fresh_python``."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(
            ("ATEN_", "MKL_", "OMP_", "ONEDNN_", "PYTHONHASH", "TORCH", "CUBLAS")
        )
    }
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
