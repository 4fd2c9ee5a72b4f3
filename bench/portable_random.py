"""What numbers that are the same everywhere cost, beside torch's own on the handle's device.

python bench/portable_random.py [--numbers 1000000] [--rounds 20]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from torchdet.runtime import get_torch_handle

rt = get_torch_handle()


def seconds(draw: Callable[[], object], rounds: int) -> float:
    """The median time of a draw."""
    taken = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        draw()
        rt.synchronize()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    drawn, count = rt.portable_generator(0), given.numbers
    pairs = {
        "rand": (lambda: drawn.rand(count), lambda: rt.torch.rand(count, device=rt.device)),
        "randn": (lambda: drawn.randn(count), lambda: rt.torch.randn(count, device=rt.device)),
        "randperm": (
            lambda: drawn.randperm(count),
            lambda: rt.torch.randperm(count, device=rt.device),
        ),
    }
    print(f"{count} numbers on {rt.device}, milliseconds (median of {given.rounds})")
    for name, (portable, native) in pairs.items():
        ours, theirs = seconds(portable, given.rounds), seconds(native, given.rounds)
        print(f"{name:10} {ours * 1e3:8.2f}  torch {theirs * 1e3:8.2f}  ratio {ours / theirs:6.1f}")


if __name__ == "__main__":
    main()
