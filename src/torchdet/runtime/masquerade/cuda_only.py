"""What only CUDA can do: a clear error instead of an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.redirect.mode import RedirectMode

REASONS = {
    "CUDAGraph": "a CUDA graph is a recording of CUDA kernels; run the code without graph capture",
    "CUDAPluggableAllocator": "allocators of CUDA memory need CUDA",
    "ExternalStream": "a stream made from CUDA's pointer needs CUDA",
    "GreenContext": "partitions of a CUDA device need CUDA",
    "MemPool": "pools of CUDA memory need CUDA",
    "caching_allocator_alloc": "CUDA's allocator needs CUDA",
    "caching_allocator_delete": "CUDA's allocator needs CUDA",
    "change_current_allocator": "allocators of CUDA memory need CUDA",
    "clock_rate": "the clock is read from NVIDIA's driver",
    "cudart": "this is CUDA's runtime library",
    "current_blas_handle": "this is a pointer of cuBLAS",
    "current_solver_handle": "this is a pointer of cuSOLVER",
    "device_memory_used": "the figure is read from NVIDIA's driver; memory_allocated() answers",
    "get_stream_from_external": "a stream made from CUDA's pointer needs CUDA",
    "graph": "a CUDA graph is a recording of CUDA kernels; run the code without graph capture",
    "graph_pool_handle": "CUDA graphs need CUDA; run the code without graph capture",
    "list_gpu_processes": "the list is read from NVIDIA's driver",
    "make_graphed_callables": "CUDA graphs need CUDA; call the modules as they are",
    "memory_usage": "the figure is read from NVIDIA's driver",
    "power_draw": "the figure is read from NVIDIA's driver",
    "set_sync_debug_mode": "only CUDA's operations can be watched for synchronisation",
    "temperature": "the figure is read from NVIDIA's driver",
    "use_mem_pool": "pools of CUDA memory need CUDA",
    "utilization": "the figure is read from NVIDIA's driver",
}
"""The names of ``torch.cuda`` that are refused, and why."""


class CudaOnlyError(UnsupportedOnDeviceError, NotImplementedError):
    """A call that only CUDA can answer was made on a machine without it.

    It is a ``RuntimeError`` and a ``NotImplementedError``: programs catch either.
    """


def refusal(name: str) -> Callable[..., NoReturn]:
    """Make the answer of one refused name."""

    def refuse(mode: RedirectMode, *args: object, **kwargs: object) -> NoReturn:  # noqa: ARG001
        raise CudaOnlyError(
            f"torch.cuda.{name} cannot be answered on {mode.home}, to which CUDA requests are "
            f"redirected: {REASONS[name]}"
        )

    return refuse
