"""``.pre-commit-hooks.yaml``: what pre-commit runs exists and takes the files that it names."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from tests.cli.process import torchdet

ROOT = Path(__file__).parent.parent.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
BAD = "import torch\ntorch.cuda.synchronize()\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))


def arguments(hook: str) -> list[str]:
    [entry] = [each["entry"] for each in HOOKS if each["id"] == hook]
    command, *rest = shlex.split(entry)
    assert command == "torchdet"
    return rest


def test_the_hooks_are_those_that_are_documented() -> None:
    assert [hook["id"] for hook in HOOKS] == ["torchdet", "torchdet-fix"]
    for hook in HOOKS:
        assert (hook["language"], hook["types_or"]) == ("python", ["python", "jupyter"])
        # Otherwise pre-commit starts several at once, each of which starts processes.
        assert hook["require_serial"] is True


def test_torchdet_checks_the_named_files_but_the_excluded() -> None:
    for path in ("a.py", "b c.py", "left_alone.py", "vendor/a.py"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(BAD)
    Path("torchdet.toml").write_text("exclude = ['vendor']\n")
    done = torchdet(*arguments("torchdet"), "-q", "a.py", "b c.py", "vendor/a.py")
    assert done.returncode == 1
    assert "a.py:2:1" in done.stdout
    assert "b c.py:2:1" in done.stdout
    assert "vendor" not in done.stdout
    assert "left_alone" not in done.stdout


def test_torchdet_fix_fixes_files_that_are_about_to_be_committed() -> None:
    Path("a.py").write_text(BAD)
    torchdet(*arguments("torchdet-fix"), "a.py")
    assert Path("a.py").read_text() == "import torch\ntorch.accelerator.synchronize()\n"


def test_the_environment_that_pre_commit_makes_holds_no_torch() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not [each for each in project["dependencies"] if each.startswith("torch")]
