"""The virtual environment that the pinned projects are tested in."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from projects import BENCH, REQUIREMENTS, ProjectError


def project_environment(folder: Path) -> Path:
    """The Python of an environment below ``folder``, made unless it is there.

    It holds the pinned requirements of all the projects and this checkout's torchdet, but none of
    the projects: those are imported from their copies. Other requirements make another one. Raises
    ``ProjectError`` when it can't be made.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    environment = folder / f"environment-{tag}-{digest}"
    python = environment / "bin" / "python"
    if environment.exists():
        return python
    folder.mkdir(parents=True, exist_ok=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)]
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [*pip, "--editable", str(BENCH.parent)],
    ):
        if subprocess.run(command, check=False).returncode != 0:
            shutil.rmtree(environment, ignore_errors=True)
            raise ProjectError(f"`{' '.join(command)}` failed; its message is above")
    return python
