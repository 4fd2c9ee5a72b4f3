"""What a project says by what it holds, where its configuration says nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from torchdet.config_file import read_lint_config
from torchdet.engine.discover import source_file
from torchdet.engine.settle import settle
from torchdet.model.config import LintConfig, Policy
from torchdet.reading.test_files import is_test_file
from torchdet.torch_api.releases import RELEASES


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, text: str = "") -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return path


def policies(*paths: str, config: LintConfig | None = None) -> list[Policy]:
    files = [source_file(path, config or LintConfig()) for path in paths]
    return [file.config.policy for file in settle(files, lambda _path: None).files]


def test_a_project_that_imports_torchdet_has_chosen_the_handle() -> None:
    plain = write("kit/net.py", "import torch\n")
    assert policies(plain) == [Policy.UNDECIDED]
    user = write("kit/rt.py", "def start():\n    from torchdet.runtime import get_torch_handle\n")
    assert policies(plain, user) == [Policy.HANDLE, Policy.HANDLE]


@pytest.mark.parametrize(
    "text", ["# import torchdet\n", "import torchdetails\n", "text = 'import torchdet'\n"]
)
def test_what_only_looks_like_an_import_decides_nothing(text: str) -> None:
    assert policies(write("net.py", text)) == [Policy.UNDECIDED]


def test_projects_beside_each_other_choose_for_themselves() -> None:
    write("one/pyproject.toml")
    write("two/setup.py")
    user = write("one/src/one/rt.py", "import torchdet.facade\n")
    files = [write("one/train.py"), user, write("two/train.py")]
    assert policies(*files) == [Policy.HANDLE, Policy.HANDLE, Policy.UNDECIDED]


def test_a_configured_policy_stands() -> None:
    user = write("rt.py", "import torchdet.runtime\n")
    assert policies(user, config=LintConfig(policy=Policy.INJECT)) == [Policy.INJECT]


def test_the_answer_depends_on_what_was_looked_at() -> None:
    files = [source_file(write(name, "import torch\n"), LintConfig()) for name in ("a.py", "b.py")]
    looked: list[str] = []
    write("requirements.txt", "numpy\n")
    found = settle(files, looked.append)
    assert {"a.py", "b.py", os.path.abspath("requirements.txt")} <= set(looked)
    (reason,) = found.reasons
    assert reason.startswith("policy: undecided")


def test_a_file_that_cannot_be_read_decides_nothing() -> None:
    assert policies("nowhere.py") == [Policy.UNDECIDED]


def settled(path: str, config: LintConfig | None = None) -> LintConfig:
    file = source_file(path, config or LintConfig())
    return settle([file], lambda _path: None).files[0].config


@pytest.mark.parametrize(
    ("file", "text", "release"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["torch>=2.8"]\n', (2, 8)),
        ("setup.cfg", "[options]\ninstall_requires =\n    torch>=2.1.0\n", (2, 1)),
        (
            "setup.py",
            "from setuptools import setup\nsetup(install_requires=['torch==1.7.1'])",
            (1, 7),
        ),
        ("requirements-train.txt", "numpy\ntorch~=2.4.1  # tested\n", (2, 4)),
        ("requirements.txt", "torch\n", (2, 6)),
        ("requirements.txt", "torch>=99\n", RELEASES[-1]),
    ],
)
def test_the_oldest_torch_is_the_one_that_the_project_requires(
    file: str, text: str, release: tuple[int, int]
) -> None:
    write(file, text)
    assert settled(write("kit/train.py")).torch_version == release


def test_a_configured_torch_version_stands(tmp_path: Path) -> None:
    write("requirements.txt", "torch>=2.8\n")
    write("torchdet.toml", "torch-version = '2.6'\n")
    config = read_lint_config(tmp_path / "torchdet.toml")
    assert config is not None
    assert settled(write("train.py"), config).torch_version == (2, 6)


def test_the_nearest_requirement_counts_and_the_run_says_which() -> None:
    write(".git/HEAD")
    write("requirements.txt", "torch>=2.3\n")
    write("examples/requirements.txt", "torch>=2.8\n")
    write("examples/train.py")
    write("kit/net.py")
    files = [source_file(path, LintConfig()) for path in ("examples/train.py", "kit/net.py")]
    found = settle(files, lambda _path: None)
    assert [file.config.torch_version for file in found.files] == [(2, 8), (2, 3)]
    said = "\n".join(found.reasons)
    assert "torch-version: 2.8, as examples/requirements.txt requires" in said
    assert "torch-version: 2.3, as requirements.txt requires" in said


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("requirements.txt", "torchdet\n"),
        ("pyproject.toml", "[dependency-groups]\ndev = ['torchdet>=0.1']\n"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['torchdet'])\n"),
    ],
)
def test_a_project_that_requires_torchdet_has_chosen_the_handle(file: str, text: str) -> None:
    write(file, text)
    assert policies(write("kit/net.py", "import torch\n")) == [Policy.HANDLE]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\ntestpaths = checks\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = ['checks', 'src']\n"),
        ("tox.ini", "[pytest]\npython_files = net*.py\n"),
        ("setup.cfg", "[tool:pytest]\ntestpaths = ./checks/\n"),
    ],
)
def test_what_pytest_collects_are_tests(file: str, text: str) -> None:
    write("kit/.git/HEAD")
    write(f"kit/{file}", text)
    for root in (".", "kit"):
        config = settled(write("kit/checks/net.py"), LintConfig(root=root))
        assert is_test_file("kit/checks/net.py", "net", config)
        assert not is_test_file("kit/src/layers.py", "layers", config)
    chosen = LintConfig(test_files=("mine/",))
    assert settled("kit/checks/net.py", chosen).test_files == ("mine/",)
