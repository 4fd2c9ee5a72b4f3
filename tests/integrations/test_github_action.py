"""``action.yml`` and the script of its steps, run as GitHub runs them: real torchdet, real git."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.patience import PATIENCE
from tests.schemas import GITHUB_ACTION, validator

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]

needs_bash = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="no bash of its own"
)


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


class Runner:
    """The folders and files that a runner of GitHub gives to steps."""

    def __init__(self, home: Path) -> None:
        self.temp = home / "temp"
        self.output = home / "output"
        self.summary = home / "summary.md"
        programs = self.temp / "torchdet" / "bin"
        programs.mkdir(parents=True)
        command = programs / "torchdet"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m torchdet "$@"\n')
        command.chmod(0o755)

    def step(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        self.output.write_text("")
        self.summary.write_text("")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
        return subprocess.run(
            ["bash", str(ROOT / ".ci" / "github_action"), name],
            env={
                **kept,
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **inputs,
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def outputs(self) -> dict[str, str]:
        lines = self.output.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.fixture
def pull_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The merge commit of a pull request as ``actions/checkout`` leaves it: without its history."""
    server = tmp_path / "server"
    server.mkdir()
    monkeypatch.chdir(server)
    git("init", "--quiet", "--initial-branch=main")
    Path("old.py").write_text("import torch\nx = torch.zeros(3).cuda()\n")
    git("add", ".")
    git("commit", "--quiet", "--message=before")
    git("switch", "--quiet", "--create=change")
    Path("old.py").write_text("import torch\nx = torch.zeros(3).cuda()\ny = x + 1\n")
    Path("new.py").write_text("import torch\ntorch.cuda.synchronize()\n")
    git("add", ".")
    git("commit", "--quiet", "--message=change")
    git("switch", "--quiet", "main")
    Path("other.py").write_text("import torch\ntorch.cuda.synchronize()\n")
    git("add", ".")
    git("commit", "--quiet", "--message=meanwhile")
    git("merge", "--quiet", "--no-ff", "--message=merge", "change")
    git("update-ref", "refs/pull/1/merge", "HEAD")
    git("reset", "--quiet", "--hard", "HEAD^1")

    clone = tmp_path / "clone"
    clone.mkdir()
    monkeypatch.chdir(clone)
    git("init", "--quiet")
    git("remote", "add", "origin", server.as_uri())
    git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", "refs/pull/1/merge")
    git("checkout", "--quiet", "FETCH_HEAD")


@needs_bash
@pytest.mark.usefixtures("pull_request")
def test_a_pull_request_answers_for_the_lines_that_it_changes(runner: Runner) -> None:
    done = runner.step("lint", PATHS=".", ARGUMENTS="", DIFF_BASE="", GITHUB_BASE_REF="main")
    [annotation] = [line for line in done.stdout.splitlines() if line.startswith("::warning")]
    assert "file=new.py,line=2" in annotation
    assert done.returncode == 0, "findings must not keep the later steps from running"

    outputs = runner.outputs()
    assert outputs["exit-code"] == "1"
    [run] = json.loads(Path(outputs["sarif"]).read_text(encoding="utf-8"))["runs"]
    warnings = [each["ruleId"] for each in run["results"] if each["level"] == "warning"]
    assert warnings == ["DET303"]

    summary = runner.summary.read_text(encoding="utf-8")
    assert summary.startswith("### torchdet\n\n    Found 1 warning in 1 file\n")
    assert "    Tied to one accelerator  1  new.py:2" in summary
    assert "    1 can be fixed now: torchdet fix" in summary


@needs_bash
@pytest.mark.usefixtures("pull_request")
def test_a_push_answers_for_everything(runner: Runner) -> None:
    done = runner.step("lint", PATHS="old.py\nother.py", ARGUMENTS="--select=DET302")
    assert [line for line in done.stdout.splitlines() if "file=old.py,line=2" in line]
    assert "other.py" not in done.stdout
    assert "Found 1 warning in 1 file" in runner.summary.read_text(encoding="utf-8")


@needs_bash
def test_inputs_are_words_and_never_shell(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-a b; touch pwned.py").write_text("import torch\ntorch.cuda.synchronize()\n")
    done = runner.step(
        "lint", PATHS="-a b; touch pwned.py", ARGUMENTS="--select=$(touch pwned)", DIFF_BASE=""
    )
    assert runner.outputs()["exit-code"] == "2"
    assert "$(touch pwned)" in done.stdout + done.stderr
    runner.step("lint", PATHS="-a b; touch pwned.py")
    assert "-a b; touch pwned.py:2" in runner.summary.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("pwned*"))


@needs_bash
@pytest.mark.usefixtures("pull_request")
def test_a_run_that_fails_says_why_and_uploads_nothing(runner: Runner) -> None:
    done = runner.step("lint", PATHS=".", DIFF_BASE="no-such-branch")
    assert "git knows no commit 'no-such-branch'" in done.stderr
    assert runner.outputs() == {"exit-code": "2"}
    assert "git knows no commit 'no-such-branch'" in runner.summary.read_text(encoding="utf-8")


@needs_bash
def test_verify_puts_its_verdict_into_the_summary(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("import sys, torch\nprint(torch.ones(int(sys.argv[1])))\n")
    done = runner.step("verify", VERIFY="train.py 3")
    assert runner.outputs() == {"exit-code": "0"}, done.stderr
    assert "Identical: 2 runs gave the same bits" in runner.summary.read_text(encoding="utf-8")


@needs_bash
@pytest.mark.parametrize(
    ("linted", "verified", "code"),
    [("0", "", 0), ("1", "0", 1), ("2", "1", 2), ("0", "1", 1), ("", "", 2)],
)
def test_the_job_fails_when_one_of_both_did(
    runner: Runner, linted: str, verified: str, code: int
) -> None:
    assert runner.step("conclude", LINTED=linted, VERIFIED=verified).returncode == code


def test_the_action_is_valid() -> None:
    # The stored schema is older than this key of the steps of composite actions.
    steps = [{k: v for k, v in step.items() if k != "continue-on-error"} for step in STEPS]
    runs = {**ACTION["runs"], "steps": steps}
    validator(GITHUB_ACTION).validate({**ACTION, "runs": runs})


def test_no_script_of_the_action_holds_an_expression() -> None:
    assert not [step["name"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_step_and_input_of_the_action_is_used() -> None:
    script = (ROOT / ".ci" / "github_action").read_text(encoding="utf-8")
    called = [step["run"].split()[-1] for step in STEPS if "run" in step]
    assert called == ["install", "lint", "install_verify", "verify", "conclude"]
    assert all(f"{name}() {{" in script for name in called)
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert all(f"inputs.{name}" in text for name in ACTION["inputs"])
