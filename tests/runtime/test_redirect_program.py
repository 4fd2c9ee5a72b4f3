"""Unmodified programs: ``torchdet run --redirect``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.patience import PATIENCE
from tests.surroundings import settled

SCRIPT = """
import sys
import threading
import torch
from torch.cuda import is_available, synchronize

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def forward(self, value):
        return self.layer(value)

if __name__ == "__main__":
    assert is_available() and torch.cuda.device_count() == 1
    torch.manual_seed(0)
    torch.cuda.manual_seed_all(0)
    device = torch.device("cuda:0")
    model = torch.nn.DataParallel(Net()).module.cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    scaler = torch.cuda.amp.GradScaler()
    for _ in range(2):
        data = torch.randn(8, 4).to(device, non_blocking=True)
        with torch.cuda.amp.autocast(dtype=torch.bfloat16):
            loss = model(data).square().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    synchronize()
    torch.save(model.state_dict(), sys.argv[1])
    model.load_state_dict(torch.load(sys.argv[1], map_location="cuda"))
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.zeros(1, device="cuda")))
    thread.start()
    thread.join()
    print("trained", sys.argv[1:], len(seen), __file__.endswith("train.py"))
    sys.exit(3)
"""


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torchdet", "run", *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=folder,
        env={**settled(), "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA would be granted")
def test_a_program_written_for_cuda_runs_without_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    done = run("--masquerade", "train.py", "m.pt", "--flag", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "trained ['m.pt', '--flag'] 1 True\n"
    assert (
        "train.py:18 in <module>: torch.device: cuda:0 was asked for, cpu is given" in done.stderr
    )
    assert len(done.stderr.splitlines()) < 20, "each site once"


def test_a_module_that_fails_fails(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(
        "import sys, torch\nraise ValueError(list(sys.argv), torch.device('mps').type)\n"
    )
    done = run("--redirect", "-m", "fails", "-x", folder=tmp_path)
    assert done.returncode == 1
    assert "fails.py', '-x'], 'cpu')" in done.stderr


LOGS = """
import logging
logging.basicConfig(level=logging.INFO, format="own %(message)s")
import torch
torch.zeros(1, device="cuda")
logging.info("done")
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA would be granted")
def test_a_program_sets_its_own_logging_up(tmp_path: Path) -> None:
    (tmp_path / "logs.py").write_text(LOGS)
    done = run("--redirect", "logs.py", folder=tmp_path)
    lines = [line for line in done.stderr.splitlines() if line.startswith("own ")]
    place = (tmp_path / "logs.py").resolve()
    assert lines[:2] == [
        f"own {place}:5 in <module>: zeros: cuda was asked for, cpu is given",
        "own done",
    ]


def test_the_policy_is_the_one_beside_the_program(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "torchdet.toml").write_text("[runtime]\nsead = 1\n")
    (tmp_path / "package" / "main.py").write_text("raise AssertionError('never run')\n")
    done = run("--redirect", "package/main.py", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path}/package/torchdet.toml" in done.stderr
    assert "did you mean 'seed'" in done.stderr
