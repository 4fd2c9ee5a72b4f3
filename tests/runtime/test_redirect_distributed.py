"""``torch.distributed``: programs for NCCL and several GPUs, on a machine without any."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from tests.patience import PATIENCE
from tests.surroundings import settled
from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import AnswerMode, redirect

pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA would be granted"),
    pytest.mark.skipif(not dist.is_available(), reason="torch is built without it"),
]

PROGRAM = Path(__file__).with_name("nccl_program.py")
SEEN = {AnswerMode.HONEST: ("gloo", "cpu"), AnswerMode.MASQUERADE: ("nccl", "cuda")}


@pytest.mark.parametrize("mode", AnswerMode)
def test_torchrun_trains_a_program_written_for_nccl(mode: AnswerMode, tmp_path: Path) -> None:
    option = "--masquerade" if mode is AnswerMode.MASQUERADE else "--redirect"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "torchdet", "run", option,
         "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(PROGRAM),
         str(tmp_path)],
        capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=tmp_path,
        env={**settled(), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    ranks = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    backend, kind = SEEN[mode]
    assert ranks == [
        {
            "rank": rank,
            "trained": True,
            "agree": True,
            "gathered": [0, 1],
            "box": [{"from": 0}],
            "total": 4.0,
            "sum": 8.0,
            "gradients": [True, True, True],
            "step": 3,
            "backend": backend,
            "type": kind,
        }
        for rank in (0, 1)
    ]
    assert "init_process_group: nccl was asked for, gloo is given" in done.stderr


@pytest.mark.parametrize(
    ("machine", "asked", "given"),
    [
        (Machine(), "nccl", "gloo"),
        (Machine(), "cpu:gloo,cuda:nccl", "gloo"),
        (Machine(), "gloo", "gloo"),
        (Machine(), None, None),
        (Machine((("xpu", 2),)), "nccl", "xccl"),
        (Machine((("xpu", 2),)), "cpu:gloo,cuda:nccl", "cpu:gloo,xpu:xccl"),
        (Machine((("mps", 1),)), "NCCL", "gloo"),
        (Machine((("cuda", 2),)), "nccl", "nccl"),
        (Machine((("cuda", 2),)), "xpu:xccl", "nccl"),
    ],
)
def test_backends_follow_the_table(machine: Machine, asked: object, given: object) -> None:
    from torchdet.runtime.masquerade.distributed import backend
    from torchdet.runtime.redirect.threads import current_mode

    with redirect(machine):
        mode = current_mode()
        assert mode is not None
        assert backend(mode, asked) == given


def test_what_there_is_to_ask() -> None:
    with redirect(Machine()):
        assert dist.is_nccl_available() is False
    with redirect(Machine(), "masquerade"):
        assert dist.is_nccl_available() is True
