"""What only one kind of accelerator can do: a clear error instead of an answer.

It is what every name of `torch.cuda`, `torch.mps` and `torch.xpu` gives that has no answer here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.redirect.mode import RedirectMode

_WITHOUT_CAPTURE = "run the code without graph capture"

ADVICE = {
    "CUDAGraph": _WITHOUT_CAPTURE,
    "XPUGraph": _WITHOUT_CAPTURE,
    "Graph": _WITHOUT_CAPTURE,
    "device_memory_used": "memory_allocated() answers",
    "graph": _WITHOUT_CAPTURE,
    "graph_pool_handle": _WITHOUT_CAPTURE,
    "list_gpu_processes": "the system's process list answers",
    "make_graphed_callables": "call the modules as they are",
    "memory_usage": "mem_get_info() answers",
}
"""What to do instead, where there is something."""


class AcceleratorOnlyError(UnsupportedOnDeviceError, NotImplementedError):
    """A call that only one kind of accelerator can answer was made on a machine without it.

    It is a ``RuntimeError`` and a ``NotImplementedError``: programs catch either.
    """


class CudaOnlyError(AcceleratorOnlyError):
    """A call that only CUDA can answer was made on a machine without it."""


_ERRORS = {"torch.cuda": CudaOnlyError}


def refusal(package: str, module: str, name: str) -> Callable[..., NoReturn]:
    """Make the answer of a name that has none."""
    error = _ERRORS.get(package, AcceleratorOnlyError)
    kind = package.rpartition(".")[2]
    advice = f"; {ADVICE[name]}" if name in ADVICE else ""

    def refuse(mode: RedirectMode, *args: object, **kwargs: object) -> NoReturn:  # noqa: ARG001
        raise error(
            f"{module}.{name} cannot be answered on {mode.home}, which serves the requests of "
            f"this program: it needs hardware of {kind}{advice}"
        )

    return refuse
