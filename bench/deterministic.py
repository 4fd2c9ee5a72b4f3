"""The deterministic stand-ins beside torch's own operations, forwards and backwards.

python bench/deterministic.py [--rounds 20] [--device cuda]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch.nn import functional

from torchdet.runtime import deterministic

Call = Callable[[Callable[..., torch.Tensor], torch.Tensor], torch.Tensor]


def cases(device: str) -> Iterator[tuple[str, torch.Tensor, Call]]:
    """Name, input and call of each."""
    image = torch.randn(8, 16, 64, 64, device=device)
    values, where = functional.max_pool2d(image, 2, return_indices=True)
    grid = torch.rand(8, 64, 64, 2, device=device) * 2 - 1
    classes = torch.randint(0, 16, (8, 64, 64), device=device)
    labels = torch.randint(1, 30, (8, 20), device=device)
    index = torch.randint(0, 64, (64, 1024), device=device)
    places = torch.randint(0, 65536, (65536,), device=device)
    flat = torch.randn(65536, device=device)
    steps = torch.randn(80, 8, 30, device=device).log_softmax(-1)
    yield "max_unpool2d", values, lambda f, x: f(x, where, 2)
    yield "adaptive_avg_pool2d", image, lambda f, x: f(x, 7)
    yield "adaptive_max_pool2d", image, lambda f, x: f(x, 7)
    for mode in ("bilinear", "bicubic"):
        yield "interpolate", image, lambda f, x, mode=mode: f(x, scale_factor=2.0, mode=mode)
    yield "ctc_loss", steps, lambda f, x: f(x, labels, (80,) * 8, (20,) * 8)
    yield "cross_entropy", image, lambda f, x: f(x, classes)
    yield "grid_sample", image, lambda f, x: f(x, grid, align_corners=False)
    yield "pad", image, lambda f, x: f(x, (3, 3, 3, 3), mode="reflect")
    yield "scatter_reduce", flat.reshape(64, 1024), lambda f, x: f(x, 0, index, x, "prod")
    yield "put", flat, lambda f, x: f(x, places, x, accumulate=True)
    yield "median", flat.reshape(64, 1024), lambda f, x: f(x, 1)[0]
    yield "histc", flat, lambda f, x: f(x, 100, -3, 3)
    yield "bincount", flat, lambda f, x: f(places, x.detach())


def seconds(run: Callable[[], object], rounds: int) -> float:
    """The median time of a run."""
    taken = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        run()
        if torch.accelerator.is_available():
            torch.accelerator.synchronize()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[2:])


def training(function: Callable[..., torch.Tensor], values: torch.Tensor, call: Call) -> None:
    """One pass forwards and backwards."""
    leaf = values.detach().clone().requires_grad_()
    output = call(function, leaf)
    if output.requires_grad:
        output.sum().backward()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    print(f"{given.device}, milliseconds (median of {given.rounds}), both passes")
    for name, values, call in cases(given.device):
        theirs = getattr(functional, name, None) or getattr(torch, name)
        ours = getattr(deterministic, name)
        one, other = (
            seconds(lambda f=f, x=values, c=call: training(f, x, c), given.rounds)
            for f in (ours, theirs)
        )
        print(f"{name:20} {one * 1e3:9.2f}  torch {other * 1e3:9.2f}  ratio {one / other:6.1f}")


if __name__ == "__main__":
    main()
