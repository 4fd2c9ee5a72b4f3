"""Runs that are stopped in the middle of an epoch go on as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.patience import PATIENCE
from tests.surroundings import settled
from torchdet.runtime import EventKind, StateError, on_event

PROGRAM = Path(__file__).with_name("resume_program.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def ended_with(folder: Path, part: str, launcher: tuple[str, ...]) -> list[str]:
    """The digests that a part of the run ends with, one a rank."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *launcher, str(PROGRAM), str(folder), part],
        capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=folder,
        env={**settled(), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return sorted(re.findall(r"rank \d: [0-9a-f]{64}", done.stdout))


class TestARun:
    pytest.importorskip("torchdata")

    @pytest.mark.parametrize("launcher", [(), TORCHRUN], ids=["one process", "two ranks"])
    def test_goes_on_with_equal_bits_in_the_middle_of_an_epoch(self, tmp_path, launcher):
        whole = ended_with(tmp_path, "whole", launcher)
        first = ended_with(tmp_path, "first", launcher)
        rest = ended_with(tmp_path, "rest", launcher)
        assert len(whole) == (2 if launcher else 1)
        assert rest == whole
        assert first != whole


def draws() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]


class TestTheGenerators:
    def test_a_state_brings_all_of_them_back(self, torch_handle):
        torch_handle.manual_seed(4)
        random.gauss(0, 1)  # leaves half of a pair behind
        state = torch_handle.state_dict()
        expected = [*draws(), random.gauss(0, 1)]
        torch_handle.manual_seed(5)
        torch_handle.load_state_dict(state)
        assert [*draws(), random.gauss(0, 1)] == expected

    def test_a_file_with_it_loads_as_weights_only(self, torch_handle, tmp_path):
        state = torch_handle.state_dict()
        expected = draws()
        torch.save({"rng": state}, tmp_path / "last.pt")
        loaded = torch.load(tmp_path / "last.pt", weights_only=True)
        torch_handle.load_state_dict(loaded["rng"])
        assert draws() == expected

    def test_isolated_code_draws_and_leaves_no_trace(self, torch_handle):
        torch_handle.manual_seed(4)
        expected = draws()
        torch_handle.manual_seed(4)
        with contextlib.suppress(KeyError), torch_handle.isolated_rng():
            draws()
            torch_handle.manual_seed(9)
            raise KeyError
        assert draws() == expected

    def test_a_state_of_another_rank_is_refused_or_left(self, torch_handle, monkeypatch):
        state = torch_handle.state_dict()
        for name, value in {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StateError, match="generators of rank 0 of 1, and this is rank 1"):
            torch_handle.load_state_dict(state)
        kinds = []
        stop = on_event(lambda event: kinds.append(event.kind))
        before = torch.get_rng_state()
        torch_handle.load_state_dict(state, strict=False)
        stop()
        assert kinds == [EventKind.STATE_MISSING]
        assert torch.equal(torch.get_rng_state(), before)

    @pytest.mark.parametrize("state", [{}, {"model": 1}, None, 3])
    def test_what_is_no_state_is_refused(self, torch_handle, state):
        with pytest.raises(StateError, match=r"expected what rt.state_dict\(\) returns"):
            torch_handle.load_state_dict(state)


class TestCheckpoints:
    def test_values_come_back_and_a_failed_save_leaves_the_old_file(self, torch_handle, tmp_path):
        model, path = torch.nn.Linear(2, 2), tmp_path / "deep" / "last.pt"
        torch_handle.save_checkpoint(path, model=model, epoch=3, name="a")
        with pytest.raises(Exception, match="pickle"):
            torch_handle.save_checkpoint(path, model=model, broken=lambda: None)
        assert os.listdir(path.parent) == ["last.pt"]
        other = torch.nn.Linear(2, 2)
        assert torch_handle.load_checkpoint(path, model=other) == {"epoch": 3, "name": "a"}
        assert torch.equal(other.weight, model.weight)

    def test_what_is_missing_or_cannot_be_loaded_is_named(self, torch_handle, tmp_path):
        model, path = torch.nn.Linear(2, 2), tmp_path / "last.pt"
        torch_handle.save_checkpoint(path, model=model)
        with pytest.raises(StateError, match="has no entry 'net'"):
            torch_handle.load_checkpoint(path, net=model)
        with pytest.raises(StateError, match="step: expected something with load_state_dict"):
            torch_handle.load_checkpoint(path, model=model, step=3)
        with pytest.raises(StateError, match="'torchdet' is an entry of the checkpoint's own"):
            torch_handle.save_checkpoint(path, torchdet=model)
