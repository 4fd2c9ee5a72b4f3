"""A migrated training script, run twice with one seed, ends with the same weights, bit by bit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.process import torchdet

SCRIPT = Path(__file__).parent.parent.parent / "fixtures" / "training_script" / "train.py"
DIGEST = """\
import hashlib, sys, torch
model = torch.load(sys.argv[1], map_location="cpu")["model"]
digest = hashlib.sha256()
for name, weights in sorted(model.items()):
    digest.update(name.encode() + weights.numpy().tobytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrated script, and recordings to train on."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(SCRIPT, folder)
    done = torchdet("fix", "--migrate", "--no-cache", str(folder))
    assert done.returncode == 0, done.stderr
    assert "rt = get_torch_handle()" in (folder / "train.py").read_text()
    random = np.random.default_rng(0)
    for command in ("go", "left", "stop"):
        (folder / "data" / command).mkdir(parents=True)
        for number in range(12):
            mel = random.standard_normal((12, 64)).astype(np.float32)
            np.save(folder / "data" / command / f"{number:02}.npy", mel)
    return folder


def weights(project: Path, name: str, *, threads: int) -> str:
    """The digest of the weights after a training of two epochs."""
    options = ("--epochs", "2", "--batch-size", "8", "--device", "cpu", "--output", name)
    variables = {"OMP_NUM_THREADS": str(threads), "TORCHDET_DEVICE": "cpu"}
    python(project, "train.py", "data", *options, **variables)
    return python(project, "-c", DIGEST, name)


def python(project: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("threads", [1, 2])
def test_two_runs_on_the_cpu_give_the_same_weights(project: Path, threads: int) -> None:
    first = weights(project, f"first{threads}.pt", threads=threads)
    second = weights(project, f"second{threads}.pt", threads=threads)
    assert first == second
