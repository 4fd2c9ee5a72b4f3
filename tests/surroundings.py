"""Separates the tests from the shell, the user and the machine that run them.

The tests and the programs that they start read what this module leaves in the environment. A test
about a variable sets it itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# By the program that reads them: torchdet, PyTorch and its libraries, launchers of distributed
# programs, Python, git (a hook sets GIT_DIR), pip, terminals, locales, and the folders of a user.
_READ = (
    "TORCH", "CUBLAS_", "CUDNN_", "NVIDIA_TF32", "PYTORCH_", "OMP_", "MKL_", "KMP_", "ATEN_",
    "RANK", "LOCAL_RANK", "GROUP_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_", "SLURM_",
    "PYTHON", "PYTEST_ADDOPTS", "MYPY", "GIT_", "PIP_",
    "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR", "COLORTERM", "COLUMNS", "LINES", "TTY_",
    "LANG", "LC_", "TZ", "XDG_",
)  # fmt: skip
# Where Python finds its modules.
_KEPT = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX"})


def independent(inherited: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return ``inherited`` without what changes programs, and with ``home`` as the user's folder.

    >>> independent({"PATH": "/bin", "LC_ALL": "tr_TR", "GIT_DIR": ".git"}, Path("/h"))["PATH"]
    '/bin'
    """
    kept = {k: v for k, v in inherited.items() if k in _KEPT or not k.startswith(_READ)}
    named = {"HOME": str(home), "USERPROFILE": str(home), "LOGNAME": "somebody", "USER": "somebody"}
    # Python's UTF-8 mode reads and writes UTF-8 under every locale, on every platform.
    return {**kept, **named, "GIT_CONFIG_NOSYSTEM": "1", "TERM": "xterm", "PYTHONUTF8": "1"}


def settle(home: Path) -> None:
    """Give this process, and those that it starts, the environment of `independent`."""
    environment = independent(os.environ, home)
    os.environ.clear()
    os.environ.update(environment)


def settled() -> dict[str, str]:
    """The environment without what tests of this process have set: a handle sets variables."""
    return independent(os.environ, Path(os.environ["HOME"]))
