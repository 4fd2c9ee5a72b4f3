"""The scripts in `bench/`, which are no package."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

BENCH = Path(__file__).resolve().parents[2] / "bench"


def script(name: str) -> ModuleType:
    """The module ``bench/<name>.py``."""
    return importlib.import_module(name)
