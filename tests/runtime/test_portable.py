"""Random numbers that are the same everywhere: their values, their distribution, their state."""

from __future__ import annotations

import hashlib

import pytest
import torch

from tests.runtime.support import run_python
from torchdet.runtime import PolicyError
from torchdet.runtime.portable import standard_normal

DRAW = """
import hashlib, torch
from torchdet.runtime import get_torch_handle
drawn = get_torch_handle(device="cpu").portable_generator(7)
parts = [drawn.rand(1000), drawn.randn(10001), drawn.randint(0, 9, (100,)), drawn.randperm(50),
         drawn.bernoulli((64,)), drawn.randn(33, dtype=torch.float64)]
print(hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest())
"""
# It stands here so that another machine, device or release of torch that draws otherwise is seen.
DIGEST = "1b3dab5d4e4c8125f7ca019900623bb9c91ceaba204eb28dd0611c68e8e10ccb"


@pytest.mark.parametrize("capability", ["default", "avx2", ""])
def test_the_values_are_the_same_whatever_the_processor_can(tmp_path, capability):
    chosen = {"ATEN_CPU_CAPABILITY": capability} if capability else {}
    assert run_python(DRAW, cwd=tmp_path, environment=chosen) == DIGEST


def test_normal_numbers_are_normal(torch_handle):
    shares = torch.linspace(1e-12, 1 - 1e-12, 100_001, dtype=torch.float64)
    expected = torch.special.ndtri(shares)
    torch.testing.assert_close(standard_normal(torch, shares), expected, rtol=1e-9, atol=1e-9)
    edges = torch.tensor([2.0**-54, 0.5, 1 - 2.0**-53], dtype=torch.float64)
    torch.testing.assert_close(standard_normal(torch, edges), torch.special.ndtri(edges))
    numbers = torch_handle.portable_generator(1).randn(200_000, dtype=torch.float64)
    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.std() - 1) < 0.01


def test_draws_fill_and_keep_their_place(torch_handle):
    drawn = torch_handle.portable_generator(7)
    weight = torch.empty(4, 5, requires_grad=True)
    drawn.normal_(weight, mean=2.0, std=0.5)
    drawn.uniform_(weight, -1.0, 1.0)
    assert weight.min() >= -1
    assert weight.max() <= 1
    state = drawn.state_dict()
    expected = drawn.rand(3)
    drawn.load_state_dict(state)
    assert torch.equal(drawn.rand(3), expected)
    assert drawn.rand(2, dtype=torch.float16).dtype == torch.float16
    assert drawn.rand(2, device="meta").device.type == "meta"
    assert sorted(drawn.randperm(9).tolist()) == list(range(9))
    with pytest.raises(PolicyError, match="a seed is an integer"):
        torch_handle.portable_generator("7")


def test_the_global_generators_are_left_alone(torch_handle):
    before = torch.get_rng_state()
    torch_handle.portable_generator(7).randn(10)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.gpu
def test_a_gpu_gets_the_same_values(torch_handle):
    on_device = torch_handle.portable_generator(7)
    parts = [on_device.rand(1000), on_device.randn(10001), on_device.randint(0, 9, (100,)),
             on_device.randperm(50), on_device.bernoulli((64,)),
             on_device.randn(33, dtype=torch.float64)]  # fmt: skip
    assert all(part.device == torch_handle.device for part in parts)
    content = b"".join(part.cpu().numpy().tobytes() for part in parts)
    assert hashlib.sha256(content).hexdigest() == DIGEST
