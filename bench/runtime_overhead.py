"""What the runtime costs: an operation through the handle, and the start.

    python bench/runtime_overhead.py [--json]

Operations are timed in turns (plain, handle, handle, plain, ...); the figure is the fastest turn,
in microseconds a call, because everything slower is what else the machine did. Starts are fresh
interpreters, in milliseconds more than an empty program takes. What redirection costs is measured
by `bench/runtime_redirect.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

TURNS, CALLS, STARTS = 41, 4000, 15
SOURCE = Path(__file__).parents[1] / "src"

Call = Callable[[], object]


def main() -> None:
    """Measure everything and print a table, or JSON."""
    result = {"microseconds a call": operations(), "milliseconds to start": starts()}
    if "--json" in sys.argv[1:]:
        print(json.dumps(result, indent=2))
        return
    print(f"{'call':<16} {'plain':>8} {'handle':>8}   (µs a call)")
    for name, row in result["microseconds a call"].items():
        print(f"{name:<16} {row['plain']:8.3f} {row['handle']:8.3f}")
    print()
    for name, milliseconds in result["milliseconds to start"].items():
        print(f"{name:<42} {milliseconds:7.1f} ms")


def operations() -> dict[str, dict[str, float]]:
    """Time each call on plain torch and through the handle."""
    from torchdet.runtime import RuntimePolicy, get_torch_handle

    rt = get_torch_handle(RuntimePolicy(device="cpu"))
    import torch as plain

    x, y = plain.ones(8), plain.ones(8)
    # One function makes both calls of a pair, so that they run the same bytecode.
    makers: dict[str, Callable[[ModuleType], Call]] = {
        "add": lambda torch: lambda: torch.add(x, y),
        "zeros(8)": lambda torch: lambda: torch.zeros(8),
        "randn(8)": lambda torch: lambda: torch.randn(8),
        't.to("cpu")': lambda torch: lambda: torch.Tensor.to(x, "cpu"),
        'device("cuda")': lambda torch: lambda: torch.device("cuda"),
    }
    return {name: _side_by_side(maker(plain), maker(rt.torch)) for name, maker in makers.items()}


def _side_by_side(direct: Call, handled: Call) -> dict[str, float]:
    """Time two calls in turns, each first in half of them."""
    times: dict[str, list[float]] = {"plain": [], "handle": []}
    calls = [("plain", direct), ("handle", handled)]
    for _ in range(TURNS):
        for name, call in calls:
            times[name].append(_microseconds(call))
        calls.reverse()
    return {name: min(each) for name, each in times.items()}


def _microseconds(call: Call) -> float:
    return timeit.timeit(call, number=CALLS) / CALLS * 1e6


def starts() -> dict[str, float]:
    """Time fresh interpreters; each figure is the median beyond an empty program's."""
    programs = {
        "import torchdet.runtime": "import torchdet.runtime",
        "... and a decision on given facts": (
            "from torchdet.runtime import *\n"
            "from torchdet.runtime import RuntimePolicy, decide_torch_runtime, simulated_facts\n"
            "decide_torch_runtime(simulated_facts('cpu'), RuntimePolicy())"
        ),
        "import torch": "import torch",
        "import torch; deterministic algorithms": (
            "import torch; torch.use_deterministic_algorithms(True)"
        ),
        "get_torch_handle()": "from torchdet.runtime import get_torch_handle; get_torch_handle()",
    }
    empty = _start("pass")
    return {name: _start(program) - empty for name, program in programs.items()}


def _start(program: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TORCHDET_DEVICE": "cpu"}
    times = []
    for _ in range(STARTS if "torch;" not in program and "handle" not in program else 5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
