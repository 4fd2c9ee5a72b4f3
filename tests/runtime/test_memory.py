"""Memory figures: numbers that are true, or a reason."""

from __future__ import annotations

import json
import sys

import pytest
import torch

from torchdet.runtime import Unanswered, UnsupportedOnDeviceError

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_the_cpus_figures_are_consistent(torch_handle):
    figures = torch_handle.memory("cpu")
    assert isinstance(figures.total, int)
    assert figures.total > 0
    assert isinstance(figures.reserved, Unanswered)
    assert "reserve" in figures.reserved.reason
    plain = figures.as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["reserved"] == str(figures.reserved)


@linux
def test_the_cpus_figures_follow_what_is_allocated(torch_handle):
    before = torch_handle.memory("cpu")
    assert 0 < before.allocated <= before.peak < before.total
    assert 0 < before.free < before.total
    size = 64 * 2**20
    block = torch.ones(size // 4)
    after = torch_handle.memory("cpu")
    assert after.allocated - before.allocated > size // 2
    assert after.peak >= after.allocated - size // 64
    assert block.numel() * 4 == size


def test_what_the_cpu_cannot_do_is_said(torch_handle):
    with pytest.raises(UnsupportedOnDeviceError, match="operating system keeps it"):
        torch_handle.reset_peak_memory("cpu")
    torch_handle.empty_cache("cpu")  # nothing is cached, so nothing is left to do


def test_a_device_without_figures_says_so(torch_handle):
    with pytest.raises(UnsupportedOnDeviceError, match="no memory figures for meta"):
        torch_handle.memory("meta")
