"""Recording in code: ``rt.trace`` and tests that must be reproducible."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.verify.verify_command import verify

TRACES = """\
import sys
import threading
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
torch = rt.torch
number = float(sys.argv[1])


def train(path):
    rt.manual_seed(0)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with rt.trace(path):
        for _ in range(2):
            thread = threading.Thread(target=lambda: torch.ones(2).sum())
            thread.start()
            thread.join()
            optimizer.zero_grad()
            model(torch.tensor([[1.0, number]])).sum().backward()
            optimizer.step()


torch.ones(3).sum()
train("a")
torch.ones(3).sum()
number += float(sys.argv[2])
train("b")
try:
    with rt.trace("c"), rt.trace("d"):
        pass
except RuntimeError as error:
    print(error)
"""


def test_traces_of_blocks_are_compared(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(TRACES)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "program.py", *arguments], cwd=tmp_path, check=True,
            capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        return done.stdout

    assert "traces do not nest" in run("1", "0")
    code, verdict, said = verify("compare", "a", "b", cwd=tmp_path)
    assert code == 0, (verdict, said)
    assert isinstance(verdict["recorded"], dict)
    assert verdict["recorded"]["steps"] == 2
    run("1", "0.5")
    code, verdict, _ = verify("compare", "a", "b", cwd=tmp_path)
    assert code == 1
    first = verdict["first_divergence"]
    assert isinstance(first, dict)
    assert (first["cause"], first["location"]["row"]) == ("input", 20)


TESTS = """\
import pytest
import torch

made = []


@pytest.fixture
def model():
    torch.manual_seed(0)
    made.append(1)
    return torch.nn.Linear(2, 1)


@pytest.mark.reproducible
def test_seeded(model):
    with torch.no_grad():
        model.weight += torch.randn(1, 2)
    assert len(made) in (1, 2)


@pytest.mark.reproducible
def test_draws(model):
    torch.seed()
    torch.randn(3)


def test_draws_unmarked():
    torch.seed()
    torch.randn(3)


@pytest.mark.reproducible
def test_fails():
    assert not made


@pytest.mark.reproducible
@pytest.mark.xfail(strict=True)
def test_expected_failure():
    raise ValueError


@pytest.mark.reproducible
def test_skips():
    pytest.skip("not here")
"""


def run_project(folder: Path, *arguments: str) -> str:
    (folder / "test_project.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *arguments],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def test_a_test_that_gives_other_bits_fails_with_the_line(tmp_path: Path) -> None:
    said = run_project(tmp_path)
    assert "2 failed, 2 passed, 1 skipped, 1 xfailed" in said, said
    assert "FAILED test_project.py::test_draws - the second run gave other bits" in said
    assert "test_project.py:24: error random" in said
    assert "assert not" in said


def test_the_option_asks_for_it_of_every_test(tmp_path: Path) -> None:
    said = run_project(tmp_path, "--torchdet-verify", "-k", "unmarked")
    assert "1 failed" in said, said
    assert "test_project.py:29: error random" in said
