"""``torchdet init`` writes what it sees, shows it first, and overwrites nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import torchdet
from torchdet.config_file import read_lint_config
from torchdet.model.config import LintConfig, Policy

NET = """\
import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
if torch.backends.mps.is_available():
    device = "mps"
x = torch.zeros(3).cuda()
"""
PROJECT = '[project]\nname = "kit"\nversion = "1"\ndependencies = ["torch>=2.8"]'


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    for path, text in {
        ".git/HEAD": "",
        "pyproject.toml": PROJECT,
        "kit/__init__.py": "",
        "kit/net.py": NET,
        "tests/test_net.py": "import torch\n",
    }.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)


def init(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return torchdet("init", *arguments, stdin=stdin)


def written(path: str = "pyproject.toml") -> LintConfig:
    config = read_lint_config(Path(path))
    assert config is not None
    return config


def test_what_is_seen_is_shown_and_nothing_written_without_a_word() -> None:
    done = init()
    assert done.returncode == 0
    assert 'target-devices = ["cuda", "mps"]' in done.stdout
    assert "--yes" in done.stderr
    assert Path("pyproject.toml").read_text() == PROJECT


def test_the_table_is_added_to_what_there_is() -> None:
    done = init("--yes")
    assert done.returncode == 0, done.stderr
    assert Path("pyproject.toml").read_text().startswith(f"{PROJECT}\n\n[tool.torchdet]\n")
    config = written()
    assert config.policy is Policy.AUTO
    assert config.target_devices == ("cuda", "mps")
    assert config.torch_version == (2, 8)
    assert config.test_files == ("test_*.py", "tests/")
    assert "as pyproject.toml requires" in Path("pyproject.toml").read_text()
    assert torchdet("lint").returncode == 1


def test_a_project_that_uses_the_runtime_gets_its_policy_and_modules() -> None:
    Path("kit/_runtime.py").write_text("from torchdet.runtime import get_torch_handle\n")
    Path("kit/train.py").write_text("from torchdet.runtime import get_torch_handle\n")
    assert init("--yes").returncode == 0
    config = written()
    assert config.policy is Policy.HANDLE
    assert config.runtime_modules == ("kit._runtime",)


def test_without_a_pyproject_it_has_a_file_of_its_own() -> None:
    Path("pyproject.toml").unlink()
    Path("requirements.txt").write_text("torch==2.4.1\n")
    assert init("--yes").returncode == 0
    assert written("torchdet.toml").torch_version == (2, 4)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("torchdet.toml", "select = ['DET3']\n"),
        ("pyproject.toml", "[tool.torchdet]\npolicy = 'facade'\n"),
        ("pyproject.toml", "[tool.torchdet]\nselct = []\n"),
    ],
)
def test_a_configuration_is_never_overwritten(path: str, text: str) -> None:
    Path(path).write_text(text)
    done = init("--yes")
    assert done.returncode == 2
    assert f"{path}: torchdet is configured there already" in done.stderr
    assert Path(path).read_text() == text


def test_a_table_for_the_runtime_alone_is_kept() -> None:
    Path("pyproject.toml").write_text("[tool.torchdet.runtime]\ndevice = 'cpu'\n")
    assert init("--yes").returncode == 0
    assert "device = 'cpu'" in Path("pyproject.toml").read_text()
    assert written().target_devices == ("cuda", "mps")


def test_line_endings_stay_and_what_is_not_valid_is_left_alone() -> None:
    Path("pyproject.toml").write_bytes(PROJECT.replace("\n", "\r\n").encode())
    assert init("--yes").returncode == 0
    assert b"\n" not in Path("pyproject.toml").read_bytes().replace(b"\r\n", b"")
    Path("pyproject.toml").write_text("[tool\n")
    assert init("--yes").returncode == 2
    assert Path("pyproject.toml").read_text() == "[tool\n"


def test_what_there_is_can_be_accepted_at_once() -> None:
    assert init("--yes", "--baseline").returncode == 0
    assert torchdet("lint", "--baseline", "torchdet-baseline.json").returncode == 0
    assert "DET101" not in Path("torchdet-baseline.json").read_text()


def test_a_link_out_of_the_project_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.toml"
    outside.write_text(PROJECT)
    Path("pyproject.toml").unlink()
    os.symlink(outside, "pyproject.toml")
    assert init("--yes").returncode == 2
    assert outside.read_text() == PROJECT


def test_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path.parent)
    assert init(str(tmp_path), "--yes").returncode == 0
    assert written(str(tmp_path / "pyproject.toml")).torch_version == (2, 8)
