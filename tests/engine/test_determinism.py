"""The same file gives the same report, whatever the hash seed and the order of the rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCE = """
try:
    from torch import amp
    from torch import set_default_dtype as setter
except ImportError:
    from torch.cuda import amp
    setter = None
import torch, torch.cuda as c, numpy
t = torch
t = c
for seed in range(3):
    if seed:
        d = torch.set_default_dtype
    else:
        d = torch.set_default_device
    d("cuda"); setter(1); t.synchronize(); amp.autocast("cuda")
def f(device: "torch.device" = "cuda:0", *, dtype=torch.cuda.FloatTensor):
    torch.set_default_dtype(device), t.cuda, c.amp, x.cuda(), y.to(f"cuda:{device}")
    a = b = "cuda" if torch.cuda.is_available() else "cpu"
    return {"a": a, "b": b, **{k: torch.device("cuda") for k in numpy.arange(3)}}
"""

PROGRAM = """
import sys
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import settings_for
from torchdet.model.config import LintConfig
settings = settings_for("a.py", "a", LintConfig(select=("ALL",)))
print(check_bytes("a.py", sys.stdin.buffer.read(), settings))
"""


def report(seed: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=SOURCE.encode(),
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode()


def test_reports_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    first, *others = [report(seed) for seed in ("0", "1", "2", "4711", "random")]
    assert first.count("Diagnostic(") > 10
    assert set(others) == {first}
