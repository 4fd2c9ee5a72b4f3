"""Migrated imports bind what the imports bound, please linters and type checkers, and need torch
no sooner than before."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.migrate.project import migrate
from tests.pages import PAGES, MigrationCase, migration_cases
from torchdet.model.config import MigrateConfig

CASES = [
    case
    for page in PAGES
    if page.parent.name == "raw_import"
    for case in migration_cases(page)
    if case.migrated is not None and not case.options.facade
]

# Runs modules that stand in a JSON file, and tells what their names are bound to.
_COMPARE = """
import importlib.machinery, json, sys, types, warnings
warnings.simplefilter("ignore")
def anything(attribute):
    if attribute.startswith("__"):
        raise AttributeError(attribute)
    return print

for name in ("tqdm", "tensorboardX", "datasets", "models", "yaml", "my_kernels_cuda", "kernels",
             "pkg", "pkg._C", "data", "x", "y", "utils", "kit", "kit.data", "kit.model", "model",
             "layers"):
    stub = types.ModuleType(name)
    stub.__getattr__ = anything
    stub.__spec__ = importlib.machinery.ModuleSpec(name, None)
    sys.modules[name] = stub
sys.modules["utils"].is_torch_available = lambda: True
import torch
from torchdet.runtime import deferred_handle

for name in ("_torch_runtime", "kit._torch_runtime"):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(torch=torch, rt=deferred_handle())

def run(text):
    names = {"__name__": "case", "__builtins__": __builtins__, "__package__": ""}
    text = text.replace("from ..", "from .").replace("from . import", "from pkg import")
    text = text.replace("from .", "from ")
    try:
        exec(compile(text, "case", "exec", dont_inherit=True), names)
        for name in ("load", "h", "g"):
            if name in names and not names[name].__code__.co_argcount:
                names[name]()
    except ModuleNotFoundError as error:
        return f"{error.name} is missing", {}
    except Exception as error:
        return f"{type(error).__name__}: {error}", names
    return None, names

for row, before, after in json.load(open(sys.argv[1])):
    (failed, old), (fails, new) = run(before), run(after)
    if failed is not None and failed.endswith("missing"):
        print(json.dumps([row, "not run", failed]))
        continue
    if failed != fails:
        print(json.dumps([row, "ended otherwise", f"{failed} {fails}"]))
    for name, value in old.items():
        if name.startswith("__"):
            continue
        kind = type(value)
        of_torch = getattr(kind, "__module__", "").startswith("torch") or (
            kind is types.ModuleType or kind is type or callable(value)
            and getattr(value, "__module__", None) != "case")
        if name not in new:
            print(json.dumps([row, "not bound", name]))
        elif of_torch and getattr(value, "__module__", "") != "case" and new[name] is not value:
            print(json.dumps([row, "bound otherwise", name]))
print(json.dumps([0, "done", ""]))
"""


def run_python(*arguments: str, cwd: Path | None = None) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )
    return ended.stdout + ended.stderr


def test_names_are_bound_to_the_same_objects(tmp_path: Path) -> None:
    kept = [case for case in CASES if case.heading != "Imports that nothing uses"]
    pairs = [(case.row, case.source, case.after) for case in kept]
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    (tmp_path / "compare.py").write_text(_COMPARE)
    told = run_python("compare.py", "pairs.json", cwd=tmp_path)
    found = [json.loads(line) for line in told.splitlines() if line.startswith("[")]
    assert found[-1:] == [[0, "done", ""]], told
    assert [each for each in found[:-1] if each[1] != "not run"] == []
    unused = [each for each in found if each[1] == "not run"]
    assert len(unused) <= len(pairs) // 4, unused


def ruff(path: Path) -> Counter[str]:
    """How often ruff, with its default settings, finds each of the rules about imports."""
    options = ("--isolated", "--no-cache", "--select", "I,E402", "--output-format", "concise")
    told = run_python("-m", "ruff", "check", *options, "--exit-zero", path.name, cwd=path.parent)
    return Counter(re.findall(r":\d+: ([A-Z]+\d+)", told))


NEEDED_EARLIER = {
    "A statement among the imports that needs torch",
    "A name that another import binds again",
    "Compiled code that is linked against torch comes later",
    "A comment asks for the order",
    "Imports that nothing uses",
}
SEMICOLONS = "import os; import torch"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import_sorters_and_e402_stay_content(case: MigrationCase, tmp_path: Path) -> None:
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(case.source)
    after.write_text(case.after)
    worse = ruff(after) - ruff(before)
    if case.heading in NEEDED_EARLIER:
        worse.pop("E402", None)
    assert not worse or case.source.startswith(SEMICOLONS)


GUARDED = """
try:
    import torch
    from torch import nn

    KIND = "torch"
except ImportError as error:
    torch = None
    KIND = f"nothing: {error.name}"


def later():
    import torch.nn.functional as F

    return F
"""

ABSENT = """
import sys
sys.modules["torch"] = None
import module
print(module.KIND)
try:
    module.later()
except ImportError:
    print("no torch")
"""


@pytest.mark.parametrize("migrated", [False, True])
def test_without_torch_a_module_that_can_do_without_it_does(migrated: bool, tmp_path: Path) -> None:
    text = migrate({"module.py": GUARDED}, ["DET101"]).texts["module.py"] if migrated else GUARDED
    assert ("import torch" in text) is not migrated
    (tmp_path / "module.py").write_text(text)
    (tmp_path / "main.py").write_text(ABSENT)
    assert run_python("main.py", cwd=tmp_path) == "nothing: torch\nno torch\n"


LATE = "def f():\n    import torch\n    return torch\n\n\ndef g():\n    return 1\n"


def test_a_module_that_imports_torch_later_still_does(tmp_path: Path) -> None:
    text = migrate({"module.py": LATE}, ["DET101"]).texts["module.py"]
    assert "import torch\n" not in text
    (tmp_path / "module.py").write_text(text)
    shown = "import sys, module; module.g(); print('torch' in sys.modules); module.f()"
    told = run_python("-c", f"{shown}; print('torch' in sys.modules)", cwd=tmp_path)
    assert [line for line in told.splitlines() if line in {"True", "False"}] == ["False", "True"]


TYPED = {
    "kit/__init__.py": "from kit.net import Net as Net\n",
    "kit/net.py": '''
from collections.abc import Iterator

import torch
import torch.nn as nn
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


class Net(nn.Module):
    """A layer."""

    scale: torch.Tensor

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x) * self.scale


class Numbers(Dataset[int]):
    def __getitem__(self, index: int) -> int:
        return index


def batches(data: Numbers) -> Iterator[int]:
    yield from DataLoader(data)


def late(x: "torch.Tensor | None") -> Tensor:
    from torch.nn import functional as F

    assert x is not None
    return F.relu(x)


def wrong() -> torch.device:
    return torch.zeros(1)
''',
    "kit/maybe.py": """
from typing import Any

try:
    import torch
    from torch import nn
except ImportError:
    torch = None  # type: ignore[assignment]


def make(x: Any) -> "nn.Module":
    if torch is None:
        raise RuntimeError
    return nn.Linear(1, 1)
""",
}


def mypy(folder: Path) -> list[str]:
    """The errors of mypy, without their rows."""
    told = run_python(
        "-m", "mypy", "--strict", "--cache-dir", str(folder.parent / "cache"), "kit", cwd=folder
    )
    return sorted(re.findall(r"^(.*?):\d+(: error: .*)$", told, re.MULTILINE))


def test_mypy_finds_nothing_new_in_a_typed_package(tmp_path: Path) -> None:
    migrated = migrate(TYPED, ["DET101"], config=MigrateConfig(keep_types=True)).texts
    found = []
    for name, texts in (("before", TYPED), ("after", migrated)):
        for path, text in texts.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        found.append(mypy(tmp_path / name))
    before, after = found
    assert len(before) == 1, before  # the one of `wrong`: torch's types are seen
    assert after == before
    assert "import torch as torch\n" in migrated["kit/_torch_runtime.py"]
    for name in ("kit/net.py", "kit/maybe.py"):
        assert "_torch_runtime import torch\n" in migrated[name]
