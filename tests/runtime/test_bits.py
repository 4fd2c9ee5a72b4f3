"""The bits on the CPU: operations that vary raw and are stable under the handle."""

from __future__ import annotations

import hashlib
import sys

import pytest
import torch

from tests.runtime.support import run_python

# Sums of many values into few places, in an order that raw threads decide. Each line is one
# operation, and gives other bits from run to run without the flags (experiments on torch 2.13).
VARYING = """
import torch
torch.set_num_threads(4)
g = torch.Generator().manual_seed(0)
N, M = 2_000_000, 50
idx = torch.randint(0, M, (N,), generator=g)
src = torch.randn(N, generator=g) * 1e3
base = torch.zeros(M)

def index_put():
    return base.clone().index_put_((idx,), src, accumulate=True)

def write_to_repeated_places():
    target = base.clone()
    target[idx] = src
    return target

def gather_backward():
    weight = base.clone().requires_grad_()
    (weight[idx] * src).sum().backward()
    return weight.grad

OPERATIONS = {f.__name__: f for f in (index_put, write_to_repeated_places, gather_backward)}

def varies(operation, runs):
    first = operation()
    return any(not torch.equal(first, operation()) for _ in range(runs))
"""

RAW_AND_UNDER = (
    VARYING
    + """
raw = {name: varies(f, 400) for name, f in OPERATIONS.items()}
from torchdet.runtime import RuntimePolicy, get_torch_handle
get_torch_handle(RuntimePolicy(device="cpu", num_threads=4))
under = {name: varies(f, 24) for name, f in OPERATIONS.items()}
print(raw == dict.fromkeys(OPERATIONS, True), under == dict.fromkeys(OPERATIONS, False), raw, under)
"""
)


@pytest.mark.skipif(sys.platform == "darwin", reason="the raw CPU kernels there use one thread")
def test_what_varies_raw_is_stable_under_the_handle(tmp_path):
    assert run_python(RAW_AND_UNDER, cwd=tmp_path).startswith("True True")


def trained(torch_handle, seed):
    """A small network with dropout, batch norm, an embedding and a loss, trained for some steps."""
    torch_handle.manual_seed(seed)
    embedding = torch.nn.Embedding(20, 16)
    network = torch.nn.Sequential(
        torch.nn.Linear(16, 32), torch.nn.BatchNorm1d(32), torch.nn.Dropout(0.3),
        torch.nn.ReLU(), torch.nn.Linear(32, 4),
    )  # fmt: skip
    optimizer = torch.optim.AdamW([*embedding.parameters(), *network.parameters()], lr=0.05)
    tokens, target = torch.randint(20, (64, 6)), torch.randint(4, (64,))
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(embedding(tokens).mean(1)), target)
        loss.backward()
        optimizer.step()
    digest = hashlib.sha256()
    for each in (*embedding.parameters(), *network.parameters(), loss):
        digest.update(each.detach().numpy().tobytes())
    return digest.hexdigest()


def test_training_repeats_bit_for_bit_with_the_seed_and_only_with_it(torch_handle):
    assert trained(torch_handle, 0) == trained(torch_handle, 0)
    assert trained(torch_handle, 0) != trained(torch_handle, 1)


def test_uninitialised_memory_repeats(torch_handle):
    first = torch.empty(1000).view(torch.int32)
    torch.ones(1000).add_(1)
    assert torch.equal(first, torch.empty(1000).view(torch.int32))


def test_what_has_no_deterministic_implementation_raises(torch_handle):
    with pytest.raises(RuntimeError, match="deterministic"):
        torch.zeros(3).put_(torch.tensor([0]), torch.ones(1))


TRAIN = """
from torchdet.runtime import RuntimePolicy, get_torch_handle
rt = get_torch_handle(RuntimePolicy(device="cpu", seed=3))
torch = rt.torch
model = torch.nn.LSTM(8, 8)
x = torch.randn(5, 2, 8)
model(x)[0].sum().backward()
import hashlib
print(hashlib.sha256(model.weight_hh_l0.grad.numpy().tobytes()).hexdigest())
"""


def test_two_processes_with_one_policy_give_the_same_bits(tmp_path):
    assert run_python(TRAIN, cwd=tmp_path) == run_python(TRAIN, cwd=tmp_path)
