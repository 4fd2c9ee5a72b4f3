"""``torchdet run``: an unmodified program, its children and its workers, under the policy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import json
import random
import sys
import multiprocessing
import torch
from torch.utils.data import DataLoader


def state():
    return [
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark,
        random.random(),
        torch.rand(1).item(),
    ]


def child(queue):
    queue.put(state())


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return state()


def first(batch):
    return batch[0]


if __name__ == "__main__":
    seen = {"main": state(), "words": sys.argv[1:], "hash": hash("a")}
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    seen["spawned"] = queue.get(timeout=300)
    process.join()
    (seen["worker"],) = DataLoader(Data(), num_workers=1, collate_fn=first)
    torch.backends.cudnn.benchmark = True
    torch.set_deterministic_debug_mode("default")
    print(json.dumps(seen))
    sys.exit(7)
"""


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torchdet", "run", *words],
        capture_output=True, text=True, check=False, cwd=cwd, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[subprocess.CompletedProcess[str]]:
    """Two runs of the program with one seed."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "train.py").write_text(PROGRAM)
    return [run("--seed", "5", "train.py", "--epochs", "3", cwd=folder) for _ in range(2)]


Outcomes = list[subprocess.CompletedProcess[str]]


def test_every_process_is_set_up_before_its_first_line(outcomes: Outcomes) -> None:
    seen = json.loads(outcomes[0].stdout)
    assert seen["words"] == ["--epochs", "3"]
    for process in ("main", "spawned", "worker"):
        assert seen[process][:2] == [True, False], process
    draws = {tuple(seen[process][2:]) for process in ("main", "spawned", "worker")}
    assert len(draws) == 3  # no process repeats another's numbers


def test_a_second_run_gives_the_same_numbers(outcomes: Outcomes) -> None:
    one, other = outcomes
    assert one.stdout == other.stdout


def test_the_exit_code_is_the_programs(outcomes: Outcomes) -> None:
    assert [each.returncode for each in outcomes] == [7, 7]


def test_the_line_that_drifted_a_setting_is_named(outcomes: Outcomes) -> None:
    row = 1 + PROGRAM.splitlines().index("    torch.backends.cudnn.benchmark = True")
    assert (
        "torchdet run: drift: torch.backends.cudnn.benchmark was switched on at "
        f"train.py:{row}; the policy wants False\n" in outcomes[0].stderr
    )
    assert (
        "drift: torch.use_deterministic_algorithms was set to 'off' at "
        f"train.py:{row + 1}; the policy wants 'strict'\n" in outcomes[0].stderr
    )


def test_a_module_runs_and_redirection_is_a_choice(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("import torch; print(torch.zeros(1, device='cuda').device)")
    assert run("-m", "tool", cwd=tmp_path).returncode == 1
    redirected = run("--redirect", "-m", "tool", cwd=tmp_path)
    assert redirected.returncode == 0, redirected.stderr
    assert redirected.stdout == "cpu\n"


def test_a_policy_that_cannot_be_had_ends_the_program_before_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('ran')")
    refused = run("--device", "cuda", "train.py", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "cuda" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_policy_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "torchdet.toml").write_text("[runtime]\nprecision = 'half'\n")
    (tmp_path / "train.py").write_text("print('ran')")
    refused = run("train.py", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "precision" in refused.stderr
