"""The fuzzer finds what a command does wrong, and hands out what shows it again."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.scripts import script

CODE = """\
import torch

x = torch.zeros(3).cuda()


def total(values, device="cuda"):
    return sum(value.to(device) for value in values)
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus" / "code.py"
    path.parent.mkdir()
    path.write_text(CODE)
    return path


def fuzz(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["fuzz.py", *map(str, arguments)])
    code: int = script("fuzz").main()
    return code


def test_a_sound_command_has_no_faults(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = corpus.with_name("figures.txt")
    out = corpus.with_name("out")
    code = fuzz(monkeypatch, corpus, "--inputs", 12, "--out", out, "--figures", figures)
    assert code == 0, capsys.readouterr().out
    assert figures.read_text().startswith("inputs: 12 (seed 0)")
    assert not out.exists()


def raise_an_error() -> int:
    raise KeyError("x")


def report_an_internal_error() -> int:
    print("a.py:1:1: internal error: KeyError: 'x' (rule.py:7); please report it")
    return 2


def end_with_another_code() -> int:
    return 3


def die() -> int:
    os._exit(9)


def run_for_ever() -> int:
    for _ in itertools.count():
        pass
    return 0


def lose_a_file() -> int:
    for name in os.listdir():
        os.unlink(name)
    return 0


def break_a_file() -> int:
    for name in os.listdir():
        Path(name).write_text("x = (\n")
    return 0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (raise_an_error, "KeyError (test_fuzz.py:"),
        (report_an_internal_error, "KeyError (rule.py:7)"),
        (end_with_another_code, "exit code 3"),
        (die, "the process ended with 9"),
        (run_for_ever, "takes longer than the limit"),
        (lose_a_file, "files appeared or went"),
        (break_a_file, "a file was changed that should stay"),
        (break_a_file, "a file that parsed no longer does"),
    ],
)
def test_what_a_command_does_wrong_is_found_and_kept(
    command: Callable[[], int], expected: str, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script("fuzz_run"), "torchdet", command)
    out = corpus.with_name("out")
    assert fuzz(monkeypatch, corpus, "--inputs", 2, "--limit", 0.5, "--out", out) == 1
    kept = {json.loads(path.read_text())["fault"]: path for path in out.glob("*/about.json")}
    (found,) = [fault for fault in kept if fault.startswith(expected)]
    assert list(kept[found].with_name("files").iterdir())


def test_the_same_numbers_give_the_same_inputs(corpus: Path) -> None:
    inputs = script("fuzz_inputs")
    first, second = ([inputs.make_input(c, 7, n) for n in range(50)] for c in 2 * [read(corpus)])
    assert first == second
    assert first != [inputs.make_input(read(corpus), 8, n) for n in range(50)]
    assert {"bytes", "tokens", "lines", "statements", "configuration"} <= {
        kind for each in first for kind in each.kinds
    }


def read(path: Path) -> object:
    return script("fuzz_inputs").read_corpus([path])
