"""The plugin in flake8 itself: its selection, its ``# noqa``, its ways to name files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """\
import torch
x = torch.device("cuda")
y = torch.device("cuda")  # noqa: DET301
z = torch.device("cuda")  # torchdet: ignore[DET301]
w = x.device.type == "cuda"
"""
EVERYTHING = ["1:8 DET101", "2:18 DET301", "5:5 DET306"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text(CODE)


def flake8(*arguments: str, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
    """flake8 as a user runs it, without what it finds itself."""
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--extend-ignore=E,F,W", *arguments],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def found(*arguments: str, stdin: str | bytes = b"") -> list[str]:
    """``row:column CODE`` of each finding; nothing may be said beside them."""
    done = flake8("--format=%(row)d:%(col)d %(code)s", *arguments, stdin=stdin)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_flake8_knows_the_plugin() -> None:
    assert "torchdet: 0." in flake8("--version").stdout


def test_rules_that_are_off_by_default_are_ignored_by_default() -> None:
    assert found("a.py") == EVERYTHING[:2]
    assert found("--extend-select=DET306", "a.py") == EVERYTHING


def test_flake8_selects() -> None:
    assert found("--select=DET", "a.py") == EVERYTHING
    assert found("--select=DET3", "a.py") == EVERYTHING[1:]
    assert found("--select=DET", "--ignore=DET30", "a.py") == EVERYTHING[:1]
    assert found("--ignore=DET", "a.py") == []
    assert found("--select=DET", "--per-file-ignores=a.py:DET3", "a.py") == EVERYTHING[:1]


def test_noqa_is_left_to_flake8_and_other_comments_are_not() -> None:
    with_noqa = [*EVERYTHING[:2], "3:18 DET301", EVERYTHING[2]]
    assert found("--select=DET", "--disable-noqa", "a.py") == with_noqa


def test_standard_input_has_the_configuration_of_its_name() -> None:
    Path("kit").mkdir()
    Path("kit/torchdet.toml").write_text("select = ['DET101']\n")
    assert found("--select=DET", "-", stdin=CODE) == EVERYTHING
    display_name = "--stdin-display-name=kit/a.py"
    assert found("--select=DET", display_name, "-", stdin=CODE) == EVERYTHING[:1]


def test_several_processes_find_the_same() -> None:
    for number in range(8):
        Path(f"m{number}.py").write_text(CODE)
    alone = flake8("--select=DET", "-j", "1", ".")
    assert flake8("--select=DET", "-j", "2", ".").stdout == alone.stdout
    assert alone.stdout.count("DET") == 9 * len(EVERYTHING)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf# one\n" + CODE.encode(),
        b"# one\r\n" + CODE.replace("\n", "\r\n").encode(),
        b"# coding: latin-1 \xe9\n" + CODE.encode(),
    ],
    ids=["byte order mark", "carriage returns", "latin-1"],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    Path("a.py").write_bytes(data)
    assert found("--select=DET", "a.py") == ["2:8 DET101", "3:18 DET301", "6:5 DET306"]


def test_code_that_flake8_cannot_parse_is_left_to_flake8() -> None:
    Path("a.py").write_text("import torch\nx = (\n")
    assert "E999" in flake8("--extend-select=E9", "a.py").stdout


def test_what_torchdets_configuration_selects_is_all_that_flake8_sees() -> None:
    Path("torchdet.toml").write_text("select = ['DET101']\n")
    assert found("--select=DET", "a.py") == EVERYTHING[:1]


def test_a_bad_configuration_stops_the_run_with_its_place() -> None:
    Path("torchdet.toml").write_text("slect = []\n")
    done = flake8("a.py")
    assert done.returncode == 1
    assert "torchdet.toml: unknown key 'slect'; did you mean 'select'?" in done.stdout
    assert "Traceback" not in done.stderr


def test_text_of_the_repository_cannot_steer_the_terminal() -> None:
    Path("torchdet.toml").write_text('"sl\\u001b[31mect" = []\n')
    done = flake8("a.py")
    assert "\x1b" not in done.stdout + done.stderr
    assert "unknown key" in done.stdout


def test_the_fixtures_have_the_findings_of_the_command() -> None:
    fixtures = str(Path(__file__).parent.parent.parent / "fixtures")
    command = [sys.executable, "-m", "torchdet", "lint", "--no-cache", "-q"]
    done = subprocess.run(
        [*command, "--output-format", "concise", fixtures],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = {
        (place, text.replace("[*] ", "").removesuffix(" (likely)"))
        for place, _, text in (line.partition(": ") for line in done.stdout.splitlines())
    }
    assert ours
    theirs = flake8("--select=DET", "--disable-noqa", fixtures).stdout.splitlines()
    assert ours <= {(place, text) for place, _, text in (line.partition(": ") for line in theirs)}


def test_a_notebook_that_flake8_is_given_is_never_without_findings() -> None:
    Path("b.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4}\n')
    done = flake8("b.ipynb")
    assert "b.ipynb:1:1: DET901 flake8 reads modules alone" in done.stdout
