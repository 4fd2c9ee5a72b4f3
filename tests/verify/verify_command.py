"""Runs ``torchdet verify`` as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def verify(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> tuple[int, dict[str, object], str]:
    """Run the command; return its exit code, its verdict and what it said."""
    run = subprocess.run(
        [sys.executable, "-m", "torchdet", "verify", "--output-format", "json", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
    )  # fmt: skip
    return run.returncode, json.loads(run.stdout) if run.stdout else {}, run.stderr
