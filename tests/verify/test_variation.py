"""``--vary``: which conditions change the bits, and what each change does in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verify.verify_command import verify
from torchdet.runtime.program_start import with_startup
from torchdet.verify.changed_process import VARIABLE
from torchdet.verify.conditions import CONDITIONS, PINNED, condition

PROGRAM = """\
import os

import torch

order = list({"a", "b", "c", "d", "e", "f"})
letters = torch.tensor([float(ord(each)) for each in order])
files = torch.tensor([float(len(each)) for each in sorted(os.listdir("data"))])
print(letters.sin().sum() + files.sum())
"""


def test_each_condition_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "data").mkdir()
    for name in ("a", "bb", "ccc"):
        (tmp_path / "data" / name).touch()
    code, report, said = verify("--vary", "hashseed,order-of-files", "program.py", cwd=tmp_path)
    assert code == 1, said
    assert report["identical"] is False
    assert isinstance(report["unchanged"], dict)
    assert report["unchanged"]["identical"] is True
    assert report["unchanged"]["recorded"]["processes"] == 1
    assert isinstance(report["varied"], list)
    hashseed, order = report["varied"]
    assert (hashseed["condition"], hashseed["identical"]) == ("hashseed", False)
    first = hashseed["first_divergence"]
    assert (first["cause"], first["location"]["row"]) == ("input", 6)
    assert (order["condition"], order["identical"]) == ("order-of-files", True)


def test_nothing_is_varied_where_equal_conditions_give_other_bits(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import torch\nprint(torch.randn(3))\n")
    code, report, _ = verify("--vary", "load", "program.py", cwd=tmp_path)
    assert code == 1
    assert isinstance(report["unchanged"], dict)
    assert report["unchanged"]["cause"] == "random"
    assert report["varied"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--vary", "moon"), "'moon' is none of hashseed, threads"),
        (("--vary", "all", "--record", "x"), "--record and --vary exclude each other"),
    ],
)
def test_what_cannot_be_varied(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("")
    code, _, error = verify(*arguments, "program.py", cwd=tmp_path)
    assert code == 2
    assert said in error


LISTINGS = """
import glob, json, os, pathlib, sys
print(json.dumps([
    os.listdir("data"), [each.name for each in os.scandir("data")],
    [os.path.basename(each) for each in glob.glob("data/*")],
    [each.name for each in pathlib.Path("data").iterdir()],
    [each.name for each in pathlib.Path("data").glob("*")],
    next(os.walk("data"))[2],
]))
"""


def test_every_way_of_listing_goes_backwards(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in "abcdef":
        (tmp_path / "data" / name).touch()

    def listings(**variables: str) -> list[list[str]]:
        run = subprocess.run(
            [sys.executable, "-c", LISTINGS], cwd=tmp_path, check=True, capture_output=True,
            env={**with_startup(os.environ), **variables},
        )  # fmt: skip
        found: list[list[str]] = json.loads(run.stdout)
        return found

    usual, changed = listings(), listings(**{VARIABLE: "order-of-files"})
    assert changed == [each[::-1] for each in usual]


def test_data_loaders_get_other_workers(tmp_path: Path) -> None:
    code = (
        "from torch.utils.data import DataLoader as D\n"
        "print(D([1]).num_workers, D([1], 1, False, None, None, 3).num_workers)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True,
        env={**with_startup(os.environ), VARIABLE: "workers"},
    )  # fmt: skip
    assert run.stdout == "2 4\n"


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_differs_from_what_all_runs_have(name: str) -> None:
    facts = {"threads": "1", "PYTHONHASHSEED": PINNED["PYTHONHASHSEED"]}
    changed = condition(name, facts)
    assert changed.name == name
    assert changed.is_load or not set(changed.variables.items()) & set(PINNED.items())
    assert changed.is_load or changed.variables


def test_a_hidden_accelerator_is_another_device() -> None:
    assert condition("device", {"device": "H100"}).variables == {"CUDA_VISIBLE_DEVICES": ""}
