"""Runs ``torchdet verify``: as a user does, or in this process and with forked programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.verify import program_server
from torchdet.verify.ladder import Verification
from torchdet.verify.presentation.verdict_json import verdict_object
from torchdet.verify.program_run import start_program
from torchdet.verify.recording_spec import Level
from torchdet.verify.static_match import advice_for

JsonObject = dict[str, object]


def verify(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> tuple[int, JsonObject, str]:
    """Run the command; return its exit code, its verdict and what it said."""
    run = subprocess.run(
        [sys.executable, "-m", "torchdet", "verify", "--output-format", "json", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
    )  # fmt: skip
    return run.returncode, json.loads(run.stdout) if run.stdout else {}, run.stderr


@dataclass(frozen=True)
class QuickVerification:
    """Verifies scripts as the command does, for the most part without starting Python.

    ``fresh`` starts Python for the program all the same.
    """

    folder: Path
    level: Level | None = None
    keep_going: bool = False
    fresh: bool = False

    def verification(self, *command: str | Path) -> Verification:
        """Of a script and its arguments, or of a command that begins with Python."""
        words = list(map(str, command))
        return Verification(
            words if words[0] == sys.executable else [sys.executable, *words],
            self.folder,
            level=self.level,
            keep_going=self.keep_going,
            start=start_program if self.fresh else program_server.start,
        )

    def verdict(self, *command: str | Path) -> JsonObject:
        """The verdict as the command prints it."""
        verdict = self.verification(*command).verify()
        return verdict_object(verdict, {each: advice_for(each) for each in verdict.findings})
