"""The first run on a project that has chosen nothing, and what it ends with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import torchdet

TRAIN = """\
import torch
import torch.nn as nn

net = nn.Linear(2, 2).to("cuda")
torch.cuda.synchronize()
torch.backends.cudnn.benchmark = True
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    Path("train.py").write_text(TRAIN)


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    return torchdet("lint", "--output-format", "concise", *arguments)


def codes(*arguments: str) -> list[str]:
    done = torchdet("lint", "--output-format", "json", *arguments)
    return [found["code"] for found in json.loads(done.stdout)]


def test_imports_of_torch_are_one_line_at_the_end() -> None:
    done = lint()
    assert "DET101" not in done.stdout
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("Raw imports"))
    assert " 2 " in line
    for way in ("torchdet init", "--policy handle", "torchdet fix --migrate"):
        assert way in line


def test_machine_formats_carry_every_finding() -> None:
    assert codes().count("DET101") == 2
    assert "DET101" in torchdet("lint", "--statistics").stdout


@pytest.mark.parametrize(
    "asking", [("--policy", "handle"), ("--extend-select", "raw-import"), ("--select", "DET1")]
)
def test_imports_are_listed_for_whoever_asks(asking: tuple[str, str]) -> None:
    done = lint(*asking)
    assert done.stdout.count("DET101") >= 2
    assert "Raw imports" not in done.stdout


@pytest.mark.parametrize(
    "configuration",
    ["policy = 'handle'\n", "runtime-modules = ['kit.rt']\n", "facade-module = 'kit.facade'\n"],
)
def test_a_configuration_that_chooses_is_believed(configuration: str) -> None:
    Path("torchdet.toml").write_text(configuration)
    assert "`rt.device`" in lint().stdout


def test_a_project_that_uses_torchdet_has_chosen() -> None:
    assert "rt." not in lint().stdout
    Path("rt.py").write_text("from torchdet.runtime import get_torch_handle\n")
    assert "`rt.device`" in lint().stdout
    assert "policy: handle, because rt.py imports torchdet" in lint("--verbose").stderr


def test_the_policy_of_the_command_line_counts_for_fixing_as_well() -> None:
    Path("torchdet.toml").write_text("policy = 'inject'\n")
    assert "take the handle as a parameter" in lint("--select", "DET101").stdout
    assert "get_torch_handle()" in lint("--select", "DET101", "--policy", "handle").stdout
    assert torchdet("fix", "--diff", "--policy", "handle").returncode == 1
    assert torchdet("fix", "--policy", "undecided").returncode == 2


def test_only_what_is_as_grave_as_asked_for_fails() -> None:
    Path("train.py").write_text("import torch\n")
    assert lint().returncode == 0
    assert lint("--fail-on", "info").returncode == 1
    Path("train.py").write_text(TRAIN)
    assert lint().returncode == 1
    Path("torchdet.toml").write_text("select = ['DET303']\nfail-on = 'error'\n")
    assert lint().returncode == 0
    assert lint("--fail-on", "warning").returncode == 1
    Path("torchdet.toml").write_text(
        "select = ['DET303']\nfail-on = 'error'\n[severity]\nDET3 = 'error'\n"
    )
    assert lint().returncode == 1


def test_a_run_is_remembered_with_what_it_fails_on() -> None:
    Path("torchdet.toml").write_text("select = ['DET303']\n")
    assert [lint().returncode for _ in range(2)] == [1, 1]
    Path("torchdet.toml").write_text("select = ['DET303']\nfail-on = 'error'\n")
    assert [lint().returncode for _ in range(2)] == [0, 0]


def test_a_new_file_that_imports_torchdet_is_noticed_by_an_unchanged_run() -> None:
    Path("kit").mkdir()
    Path("kit/net.py").write_text(TRAIN)
    assert "Raw imports" in lint("kit").stdout
    Path("kit/rt.py").write_text("import torchdet.runtime\n")
    assert "Raw imports" not in lint("kit").stdout


def test_devices_in_tests_are_worth_knowing_and_no_more() -> None:
    Path("tests").mkdir()
    Path("tests/check.py").write_text('import torch\n\nx = torch.zeros(1, device="cuda")\n')
    assert lint("tests").returncode == 0
    assert "DET301" in lint("tests").stdout
    assert lint("tests", "--select", "DET301").returncode == 1
    Path("torchdet.toml").write_text("test-files = ['checks/']\n")
    assert lint("tests").returncode == 1
    Path("torchdet.toml").write_text("[severity]\nDET301 = 'warning'\n")
    assert lint("tests").returncode == 1


def test_the_end_of_a_run_is_what_the_findings_come_to() -> None:
    Path("test_net.py").write_text('import torch\n\nx = torch.zeros(1, device="cuda")\n')
    end = lint().stdout.splitlines()[-4:]
    assert [line.partition("  ")[0] for line in end[:-1]] == [
        "Differs from run to run",
        "Tied to one accelerator",
        "Raw imports of torch",
    ]
    assert "train.py:6 `torch.backends.cudnn.benchmark = True`" in end[0]
    assert "--select DET301,DET303; 1 in tests" in end[1]
    assert end[-1].split("    ") == [
        "1 can be fixed now: torchdet fix",
        "1 more with torchdet fix --unsafe-fixes",
        "all at once: torchdet fix --migrate",
    ]
    assert lint("--quiet").stdout.splitlines()[-1].startswith("train.py:")


def test_comments_and_baselines_are_not_about_imports_that_are_only_counted() -> None:
    torchdet("lint", "--write-baseline", "accepted.json")
    assert "DET101" not in Path("accepted.json").read_text()
    torchdet("lint", "--add-noqa")
    assert "import torch\n" in Path("train.py").read_text()
    assert lint("--baseline", "accepted.json").returncode == 0
