"""What importing a package does to a process, and whether it needs torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from projects import Project
from run_command import Place, run


@dataclass(frozen=True, slots=True)
class Imported:
    """What importing one package did.

    ``changes`` are the settings of the process that differ afterwards; ``error`` says why it could
    not be imported, ``error_without_torch`` why not where torch is missing.
    """

    changes: Mapping[str, str]
    error: str
    error_without_torch: str


def probe_imports(project: Project, place: Place) -> dict[str, Imported]:
    """Import each package of a copy of ``project``, in processes of their own."""
    return {name: _imported(name, place) for name in importable(project, place.folder)}


def importable(project: Project, folder: Path) -> tuple[str, ...]:
    """The names of the packages among what is migrated, which can be imported from their roots."""
    return tuple(
        package
        for package in project.packages
        if (folder / package / "__init__.py").exists() and "/" not in package
    )


def _imported(name: str, place: Place) -> Imported:
    with_torch = _answer(_STATE, name, place)
    without = _answer(_WITHOUT_TORCH, name, place)
    return Imported(
        changes=with_torch.get("changes", {}),
        error=with_torch.get("error", ""),
        error_without_torch=without.get("error", ""),
    )


def _answer(script: str, name: str, place: Place) -> dict[str, dict[str, str]]:
    finished = run(["python", "-W", "ignore", "-c", script, name], place)
    marked = [row for row in finished.output.splitlines() if row.startswith(_MARK)]
    if not marked:
        return {"error": finished.output[-300:] or f"exit code {finished.exit_code}"}
    return json.loads(marked[-1].removeprefix(_MARK))


_MARK = "import probe: "
_IMPORT = f"""
def tried():
    try:
        importlib.import_module(sys.argv[1])
    except BaseException as error:
        return f"{{type(error).__name__}}: {{error}}"
    return ""

def say(**answer):
    print(); print({_MARK!r} + json.dumps(answer))
"""
_STATE = (
    """
import hashlib, importlib, json, os, random, sys
import numpy, torch

def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]

def state():
    backends = torch.backends
    values = {
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "warn only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "fill uninitialized memory": torch.utils.deterministic.fill_uninitialized_memory,
        "cudnn.benchmark": backends.cudnn.benchmark,
        "cudnn.deterministic": backends.cudnn.deterministic,
        "cudnn.allow_tf32": backends.cudnn.allow_tf32,
        "cuda.matmul.allow_tf32": backends.cuda.matmul.allow_tf32,
        "float32 matmul precision": torch.get_float32_matmul_precision(),
        "threads": torch.get_num_threads(),
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "gradients": torch.is_grad_enabled(),
        "seed of torch": torch.initial_seed(),
        "generator of torch": digest(torch.get_rng_state().tolist()),
        "generator of random": digest(random.getstate()),
        "generator of numpy": digest([*map(str, numpy.random.get_state(legacy=True))]),
    }
    for name, value in os.environ.items():
        values["$" + name] = value
    return {name: str(value) for name, value in values.items()}
"""
    + _IMPORT
    + """
before = state()
error = tried()
after = state()
names = sorted({*before, *after})
changes = {n: f"{before.get(n)} -> {after.get(n)}" for n in names if before.get(n) != after.get(n)}
say(error=error, changes=changes)
"""
)
_WITHOUT_TORCH = (
    """
import importlib, json, sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch())
"""
    + _IMPORT
    + """
say(error=tried())
"""
)
