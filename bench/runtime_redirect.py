"""What redirection costs a call: plain torch, an empty override mode, and redirection.

    python bench/runtime_redirect.py [--json]

The empty mode is the floor: the price of torch's protocol itself. The three are timed in turns
(plain, floor, redirect, plain, ...), so that a machine that slows down slows all of them; the
figures are the best of the turns in processor time, in microseconds a call.

`redirected` says whether the call's device is changed, which costs more than letting it pass.
Requests for CUDA are timed as on a machine without an accelerator, where plain torch refuses
them: the plain column then holds the same call with the device that is given. Unnamed devices
are timed with `meta` as the accelerator.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import timeit
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch.overrides import TorchFunctionMode

from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import redirect

TURNS, CALLS = 31, 4000
WANTED = 4.0  # microseconds above plain torch

CPU_ONLY, META = Machine(), Machine((("meta", 1),))
x = torch.ones(8)
m = torch.ones(8, device="meta")


@dataclass(frozen=True, slots=True)
class Case:
    """A call under redirection, and what plain torch and the empty mode do in its place."""

    name: str
    machine: Machine
    plain: Callable[[], object]
    call: Callable[[], object]
    redirected: bool


CASES = (
    Case("torch.add(x, x)", CPU_ONLY, lambda: torch.add(x, x), lambda: torch.add(x, x), False),
    Case("torch.randn(8)", CPU_ONLY, lambda: torch.randn(8), lambda: torch.randn(8), False),
    Case("torch.zeros(8)", CPU_ONLY, lambda: torch.zeros(8), lambda: torch.zeros(8), False),
    Case('x.to("cpu")', CPU_ONLY, lambda: x.to("cpu"), lambda: x.to("cpu"), False),
    Case('torch.zeros(8, device="cuda")', CPU_ONLY, lambda: torch.zeros(8, device="cpu"),
         lambda: torch.zeros(8, device="cuda"), True),
    Case('x.to("cuda")', CPU_ONLY, lambda: x.to("cpu"), lambda: x.to("cuda"), True),
    Case("x.cuda()", CPU_ONLY, lambda: torch.Tensor.cpu(x),
         lambda: torch.Tensor.cuda(x), True),
    Case('torch.device("cuda")', CPU_ONLY, lambda: torch.device("cpu"),
         lambda: torch.device("cuda"), True),
    Case("torch.empty(8)", META, lambda: torch.empty(8, device="meta"),
         lambda: torch.empty(8), True),
    Case('m.to("cpu")', META, lambda: m.to("meta:0"), lambda: m.to("cpu"), True),
)  # fmt: skip


class EmptyMode(TorchFunctionMode):
    """The least that an override mode can do."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        return func(*args, **kwargs) if kwargs else func(*args)


def main() -> int:
    """Measure every case and print a table or JSON; 1 if one costs more than is wanted."""
    logging.getLogger("torchdet").setLevel(logging.ERROR)
    rows = {each.name: measure(each) for each in CASES}
    if "--json" in sys.argv[1:]:
        print(json.dumps(rows, indent=2))
    else:
        print(f"{'call':<32}{'plain':>8}{'floor':>8}{'redirect':>10}{'overhead':>10}  redirected")
        for case in CASES:
            row = rows[case.name]
            figures = f"{row['plain']:8.2f}{row['floor']:8.2f}{row['redirect']:10.2f}"
            overhead = row["redirect"] - row["plain"]
            print(f"{case.name:<32}{figures}{overhead:10.2f}  {'yes' if case.redirected else 'no'}")
        print(f"best µs a call of {TURNS} turns of {CALLS} calls; wanted: overhead <= {WANTED}")
    return int(any(row["redirect"] - row["plain"] > WANTED for row in rows.values()))


def measure(case: Case) -> dict[str, float]:
    """Time the three ways of one case in turns."""
    ways: dict[str, tuple[Callable[[], AbstractContextManager[object]], Callable[[], object]]] = {
        "plain": (contextlib.nullcontext, case.plain),
        "floor": (EmptyMode, case.plain),
        "redirect": (lambda: redirect(case.machine), case.call),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, (block, call) in ways.items():
            with block():
                times[name].append(_microseconds(call))
    return {name: min(each) for name, each in times.items()}


def _microseconds(call: Callable[[], object]) -> float:
    return timeit.timeit(call, timer=time.process_time, number=CALLS) / CALLS * 1e6


if __name__ == "__main__":
    sys.exit(main())
