"""Unmodified programs: ``python -m torchdet.runtime.redirect``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

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
        [sys.executable, "-W", "ignore", *arguments],
        capture_output=True, text=True, timeout=300, check=False, cwd=folder,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA would be granted")
@pytest.mark.parametrize("form", ["script", "module"])
def test_a_program_written_for_cuda_runs_without_it(form: str, folder: Path) -> None:
    program = ["train.py"] if form == "script" else ["-m", "train"]
    done = run("-m", "torchdet.runtime.redirect", *program, "model.pt", "--flag", folder=folder)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "trained ['model.pt', '--flag'] 1 True\n"
    assert "train.py:18: torch.device: cuda:0 was asked for, cpu is given" in done.stderr
    assert len(done.stderr.splitlines()) < 20, "each site once"
    plain = run("train.py", "model.pt", folder=folder)
    assert plain.returncode == 1


def test_a_program_that_fails_fails(folder: Path) -> None:
    (folder / "fails.py").write_text("import torch\nraise ValueError('its own')\n")
    done = run("-m", "torchdet.runtime.redirect", "fails.py", folder=folder)
    assert done.returncode == 1
    assert "ValueError: its own" in done.stderr


def test_usage(folder: Path) -> None:
    done = run("-m", "torchdet.runtime.redirect", folder=folder)
    assert done.returncode == 2
    assert "a script, or -m and a module, is needed" in done.stderr
