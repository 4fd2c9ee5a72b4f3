"""Training loops whose bits are compared: a program of its own, so that it runs without a handle.

    python workloads.py raw|handle NAME [DEVICE]

Prints one JSON object: the digests of two runs with one seed, and the milliseconds of the faster.
Under `handle` the process's policy holds; `raw` is torch as it comes.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.nn import functional as F

Loss = Callable[[], torch.Tensor]


def lstm(device: torch.device) -> tuple[nn.Module, Loss]:
    """Two layers over a padded batch."""
    model = nn.LSTM(32, 64, num_layers=2, dropout=0.2).to(device)
    x = torch.randn(40, 16, 32, device=device)
    lengths = torch.randint(1, 41, (16,)).sort(descending=True).values
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths)
    return model, lambda: model(packed)[0].data.square().mean()


def attention(device: torch.device) -> tuple[nn.Module, Loss]:
    """Scaled dot-product attention with dropout; half precision where that picks fused kernels."""
    dtype = torch.float32 if device.type == "cpu" else torch.float16
    model = nn.Linear(64, 192).to(device, dtype)
    x = torch.randn(8, 128, 64, device=device, dtype=dtype)

    def loss() -> torch.Tensor:
        q, k, v = (t.unflatten(-1, (4, 16)).transpose(1, 2) for t in model(x).chunk(3, -1))
        out = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1, is_causal=True)
        return out.float().square().mean()

    return model, loss


def convolution(device: torch.device) -> tuple[nn.Module, Loss]:
    """A small residual-free network with batch norm and pooling."""
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10),
    ).to(device)  # fmt: skip
    x, y = torch.randn(16, 3, 32, 32, device=device), torch.randint(10, (16,), device=device)
    model(x)
    return model, lambda: F.cross_entropy(model(x), y)


def scatter(device: torch.device) -> tuple[nn.Module, Loss]:
    """Message passing: gathers and sums of many values into few places, forward and backward."""
    model = nn.Embedding(50, 32).to(device)
    edges = torch.randint(50, (2, 200_000), device=device)

    def loss() -> torch.Tensor:
        nodes = model.weight
        summed = torch.zeros_like(nodes).index_add(0, edges[1], nodes[edges[0]])
        summed = summed.scatter_add(0, edges[0, :5000, None].expand(-1, 32), nodes[edges[1, :5000]])
        return summed.mul(1e-3).square().mean() + model(edges[0]).mean()

    return model, loss


WORKLOADS = {each.__name__: each for each in (lstm, attention, convolution, scatter)}


def train(name: str, device: torch.device, steps: int = 8) -> tuple[str, float]:
    """Train from seed 0; return a digest of parameters and losses, and the milliseconds."""
    torch.manual_seed(0)
    model, loss = WORKLOADS[name](device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    started = time.perf_counter()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        losses.append(value.detach())
    digest = _digest([*losses, *model.parameters()])  # copies to the host, so the work is done
    return digest, (time.perf_counter() - started) * 1000


def _digest(tensors: Iterable[torch.Tensor]) -> str:
    sha = hashlib.sha256()
    for each in tensors:
        sha.update(each.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def main(mode: str, name: str, device: str = "auto") -> dict[str, object]:
    """Run one workload twice (after one run to warm up) and return what is printed."""
    if mode == "handle":
        from torchdet.runtime import RuntimePolicy, get_torch_handle

        target = get_torch_handle(RuntimePolicy(device=device)).device
    else:
        target = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
        target = target if device == "auto" else torch.device(device)
    train(name, target)
    runs = [train(name, target) for _ in range(2)]
    return {
        "device": str(target),
        "digests": [digest for digest, _ in runs],
        "milliseconds": min(elapsed for _, elapsed in runs),
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
