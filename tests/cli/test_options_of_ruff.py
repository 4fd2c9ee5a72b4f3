"""The options and commands that users of ruff look for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import fresh_torchdet, torchdet
from tests.patience import PATIENCE
from torchdet.bounded_toml import parse_toml

FIXABLE = "import torch\n\ntorch.cuda.synchronize()\nx = torch.zeros(3).cuda()\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    Path("torchdet.toml").write_text("select = ['DET302', 'DET303']\n")
    Path("kit").mkdir()
    Path("kit/a.py").write_text(FIXABLE)
    Path("kit/b.py").write_text(FIXABLE)
    return tmp_path


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    return torchdet("lint", "--output-format", "concise", "-q", *arguments)


def codes(*arguments: str) -> list[tuple[str, str]]:
    found = json.loads(torchdet("lint", "--output-format", "json", *arguments).stdout)
    return [(each["filename"], each["code"]) for each in found]


def test_check_is_lint() -> None:
    assert torchdet("check", "kit").stdout == torchdet("lint", "kit").stdout != ""
    assert torchdet("-V").stdout == torchdet("--version").stdout


def test_fix_applies_safe_fixes_and_reports_what_is_left() -> None:
    done = lint("--fix", "kit/a.py")
    assert done.returncode == 1
    assert "DET302" in done.stdout
    assert "DET303" not in done.stdout
    assert "torch.accelerator.synchronize()" in Path("kit/a.py").read_text()
    assert Path("kit/b.py").read_text() == FIXABLE
    assert "fixed 1 finding" in torchdet("lint", "--fix", "kit/b.py").stderr


def test_fix_leaves_uncommitted_work_alone() -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    done = lint("--fix", "kit")
    assert done.returncode == 2
    assert "uncommitted changes" in done.stderr
    assert Path("kit/a.py").read_text() == FIXABLE
    assert lint("--fix", "--allow-dirty", "kit").returncode == 1
    assert Path("kit/a.py").read_text() != FIXABLE


def test_diff_is_that_of_fix() -> None:
    shown = torchdet("lint", "--diff", "kit")
    assert shown.stdout == torchdet("fix", "--diff", "kit").stdout
    assert "+torch.accelerator.synchronize()" in shown.stdout
    assert shown.returncode == 1
    assert Path("kit/a.py").read_text() == FIXABLE


def test_a_rule_that_is_not_fixable_is_reported_without_its_fix() -> None:
    assert lint("--fix", "--unfixable", "DET303", "kit/a.py").stdout.count("DET303") == 1
    assert lint("--fix", "--fixable", "DET302", "kit/a.py").stdout.count("DET303") == 1
    Path("torchdet.toml").write_text("select = ['DET303']\nunfixable = ['cuda-api']\n")
    [found] = json.loads(torchdet("lint", "--output-format", "json", "kit/a.py").stdout)
    assert found["fix"] is None
    assert Path("kit/a.py").read_text() == FIXABLE
    Path("torchdet.toml").write_text("fixable = ['DET9']\nunfixable = ['nonsense']\n")
    assert "unfixable: unknown rule 'nonsense'" in lint("kit").stderr


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["--exclude", "b.py"], ["kit/a.py"]),
        (["--exclude", "kit/b.py"], ["kit/a.py"]),
        (["--extend-exclude", "{a,c}.py"], ["kit/b.py"]),
        (["--exclude", "a.py,b.py"], []),
        (["--config", "exclude = ['a.py']"], ["kit/b.py"]),
    ],
)
def test_files_are_left_out_by_the_command_line(arguments: list[str], files: list[str]) -> None:
    assert lint("--show-files", *arguments).stdout.split() == files


def test_patterns_of_the_command_line_are_relative_to_the_current_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "kit")
    assert lint("--show-files", "--exclude", "./a.py").stdout.split() == ["b.py"]


def test_rules_are_left_out_of_some_files() -> None:
    ignores = ["--per-file-ignores", "kit/a.py:DET302,kit/*:DET303"]
    assert codes(*ignores) == [("kit/b.py", "DET302")]
    assert "PATTERN:RULE" in lint("--per-file-ignores", "kit/a.py").stderr


def test_what_git_ignores_can_be_checked() -> None:
    Path(".git").mkdir()
    Path(".gitignore").write_text("b.py\n")
    assert lint("--show-files").stdout.split() == ["kit/a.py"]
    assert lint("--show-files", "--no-respect-gitignore").stdout.split() == ["kit/a.py", "kit/b.py"]


def test_a_key_on_the_command_line() -> None:
    assert lint("--config", "select = ['DET303']", "kit/a.py").stdout.count("DET") == 1
    Path("other.toml").write_text("select = ['DET302']\n")
    chosen = codes("--config", "other.toml", "--config", "extend-select = ['DET303']", "kit/a.py")
    assert {code for _, code in chosen} == {"DET302", "DET303"}
    for given, said in (
        ("slect = []", "unknown key 'slect'; did you mean 'select'?"),
        ("select = [", "not valid TOML"),
        ("nowhere.toml", "does not exist"),
        ("kit", "is a directory"),
    ):
        done = lint("--config", given)
        assert done.returncode == 2
        assert said in done.stderr


def test_the_format_of_the_configuration() -> None:
    Path("torchdet.toml").write_text("select = ['DET303']\noutput-format = 'json'\n")
    assert json.loads(torchdet("lint", "kit").stdout)
    assert torchdet("lint", "--output-format", "concise", "-q", "kit").stdout.startswith("kit/a.py")
    Path("torchdet.toml").write_text("output-format = 'jsom'\n")
    assert "did you mean 'json'?" in torchdet("lint", "kit").stderr


def test_settings_can_be_read_as_configuration() -> None:
    Path("torchdet.toml").write_text("extend = 'base.toml'\nunfixable = ['DET303']\n")
    Path("base.toml").write_text("select = ['DET3']\nexclude = ['vendor']\n")
    Path("vendor").mkdir()
    Path("vendor/c.py").write_text("")
    shown = torchdet("lint", "--show-settings", "vendor/c.py").stdout
    assert 'the pattern "vendor" excludes vendor' in shown
    assert "base.toml" in shown
    settings = parse_toml(shown)
    assert "DET301" in settings["select"]
    assert settings["unfixable"] == ["DET303"]
    assert "\n# checked\n" in torchdet("lint", "--show-settings", "kit/a.py").stdout


def test_the_cache_lies_where_it_is_configured_and_can_be_cleaned(project: Path) -> None:
    environment = {"TORCHDET_CACHE_DIR": "", "XDG_CACHE_HOME": str(project / "home")}
    Path("torchdet.toml").write_text("select = ['DET303']\ncache-dir = 'kept'\n")
    torchdet("lint", "kit", **environment)
    assert list(Path("kept").glob("*/reports/*/*"))
    torchdet("lint", "--cache-dir", "other", "kit", **environment)
    assert list(Path("other").glob("*/reports/*/*"))
    assert torchdet("clean", **environment).returncode == 0
    assert not list(Path("kept").iterdir())
    assert not list(Path("home").glob("torchdet/*"))
    assert list(Path("other").iterdir())


def test_only_a_folder_of_torchdets_own_is_cleaned() -> None:
    Path("precious/v4").mkdir(parents=True)
    Path("precious/v4").chmod(0o755)
    Path("precious/v4/thesis.tex").write_text("x")
    done = torchdet("clean", "--cache-dir", "precious")
    assert done.returncode == 2
    assert Path("precious/v4/thesis.tex").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    assert "_TORCHDET_COMPLETE" in torchdet("completion", shell).stdout


def test_rules_are_completed() -> None:
    words = {"COMP_WORDS": "torchdet rule DET50", "COMP_CWORD": "2"}
    offered = fresh_torchdet(_TORCHDET_COMPLETE="bash_complete", **words).stdout
    assert "plain,DET508" in offered


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fix", "--add-noqa"], "exclude each other"),
        (["--fix", "--watch"], "exclude each other"),
        (["--fix", "--diff-base", "HEAD"], "changed lines only"),
        (["--unsafe-fixes"], "belongs to --fix or --diff"),
        (["--fix", "-"], "torchdet fix -"),
        (["--watch", "-"], "need files"),
        (["--watch", "nowhere"], "no such file"),
    ],
)
def test_usage_that_contradicts_itself(arguments: list[str], said: str) -> None:
    done = lint(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_watching_checks_again_when_a_file_changes(project: Path) -> None:
    pytest.importorskip("watchfiles")
    with Path("printed").open("wb") as printed:
        watching = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "torchdet",
                "check",
                "kit",
                "--watch",
                "--output-format=concise",
            ],
            stdout=printed,
            stderr=subprocess.STDOUT,
            env={**os.environ, "WATCHFILES_FORCE_POLLING": "1"},
        )
        try:
            wait_for("Found 4 warnings", watching)
            time.sleep(0.5)  # the watch begins after the first run
            Path("kit/b.py").write_text("x = 1\n")
            wait_for("Found 2 warnings", watching)
            watching.send_signal(signal.SIGINT)
            assert watching.wait(PATIENCE) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                watching.kill()
    assert "stopped watching" in Path("printed").read_text()


def wait_for(text: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in Path("printed").read_text():
        assert time.monotonic() < deadline, f"{text!r} is not in {Path('printed').read_text()}"
        assert process.poll() is None, Path("printed").read_text()
        time.sleep(0.1)
