"""The exported functions: names and results as hosts know them, none of them ever raises.

Sequences are anything that Python can iterate; ``out`` is anything with a length and item
assignment (a list, ``array.array``, a ctypes array). A C host calls the same functions through
the pointers of ``torchdet.runtime.ffi.c_abi``.
"""

from __future__ import annotations

from collections.abc import Sequence

from torchdet.runtime.ffi import boundary as _boundary
from torchdet.runtime.ffi.boundary import boundary
from torchdet.runtime.ffi.opening import cuda_device_count, session, torch_is_available
from torchdet.runtime.ffi.session import Buffer

# --- creation: a handle > 0, or 0 -------------------------------------------------------------


@boundary(failure=0)
def simple_torch_tensor_zeros(dims: Sequence[int]) -> int:
    """Create a tensor of zeros on the runtime's device; return its handle, or 0."""
    return session().filled(dims, 0.0)


@boundary(failure=0)
def simple_torch_tensor_ones(dims: Sequence[int]) -> int:
    """Create a tensor of ones on the runtime's device; return its handle, or 0."""
    return session().filled(dims, 1.0)


@boundary(failure=0)
def simple_torch_tensor_randn(dims: Sequence[int]) -> int:
    """Create standard normal values on the runtime's device; return the handle, or 0.

    The policy's seed decides the values. They differ between torch and stub mode.
    """
    return session().randn(dims)


@boundary(failure=0)
def simple_torch_tensor_from_data(data: Sequence[float], dims: Sequence[int]) -> int:
    """Create a float32 tensor of row-major ``data``, copied; return its handle, or 0."""
    return session().from_data(data, dims)


# --- operations: a handle > 0, or 0 -----------------------------------------------------------


@boundary(failure=0)
def simple_torch_tensor_add(left: int, right: int) -> int:
    """Add element by element, with broadcasting; return the result's handle, or 0."""
    return session().add(left, right)


@boundary(failure=0)
def simple_torch_tensor_mul(left: int, right: int) -> int:
    """Multiply element by element, with broadcasting; return the result's handle, or 0."""
    return session().mul(left, right)


@boundary(failure=0)
def simple_torch_tensor_matmul(left: int, right: int) -> int:
    """Form the matrix product as ``torch.matmul`` does; return the result's handle, or 0."""
    return session().matmul(left, right)


# --- properties: a count, or -1 ---------------------------------------------------------------


@boundary(failure=-1)
def simple_torch_tensor_shape(handle: int, out: Buffer[int] | None = None) -> int:
    """Return the number of dimensions, or -1; write the sizes to ``out`` if they all fit."""
    return session().shape(handle, out)


@boundary(failure=-1)
def simple_torch_tensor_ndim(handle: int) -> int:
    """Return the number of dimensions, or -1."""
    return session().ndim(handle)


@boundary(failure=-1)
def simple_torch_tensor_numel(handle: int) -> int:
    """Return the number of elements, or -1."""
    return session().numel(handle)


@boundary(failure=-1)
def simple_torch_tensor_data(handle: int, out: Buffer[float] | None = None) -> int:
    """Return the number of elements, or -1; write them, row-major, to ``out`` if they all fit.

    An addition to the documented functions, without which no result could be read.
    """
    return session().data(handle, out)


# --- activations: a handle > 0, or 0 ----------------------------------------------------------


@boundary(failure=0)
def simple_torch_relu(handle: int) -> int:
    """Apply max(x, 0); return the result's handle, or 0."""
    return session().relu(handle)


@boundary(failure=0)
def simple_torch_sigmoid(handle: int) -> int:
    """Apply 1 / (1 + exp(-x)); return the result's handle, or 0."""
    return session().sigmoid(handle)


@boundary(failure=0)
def simple_torch_tanh(handle: int) -> int:
    """Apply tanh(x); return the result's handle, or 0."""
    return session().tanh(handle)


# --- devices ----------------------------------------------------------------------------------


@boundary(failure=0)
def simple_torch_tensor_cuda(handle: int, index: int = 0) -> int:
    """Put the tensor on GPU ``index``; return the result's handle, or 0.

    A GPU that is missing is the runtime policy's affair: rejected unless it asks otherwise.
    """
    return session().to_gpu(handle, index)


@boundary(failure=0)
def simple_torch_tensor_cpu(handle: int) -> int:
    """Put the tensor on the CPU; return the result's handle, or 0."""
    return session().to_cpu(handle)


@boundary(failure=False)
def simple_torch_tensor_is_cuda(handle: int) -> bool:
    """Say whether the tensor lies on a CUDA device; False on failure too: see the last error."""
    return session().is_cuda(handle)


@boundary(failure=0)
def simple_torch_tensor_to_device(handle: int, code: int) -> int:
    """Put the tensor on a device code (negative: CPU, N: GPU N); return the handle, or 0."""
    return session().to_device(handle, code)


# --- what there is ----------------------------------------------------------------------------


@boundary(failure=False)
def simple_torch_available() -> bool:
    """Say whether torch answers these calls; False is stub mode, in plain Python."""
    return torch_is_available()


@boundary(failure=False)
def simple_torch_cuda_available() -> bool:
    """Say whether this machine has a CUDA device that torch can use."""
    return cuda_device_count() > 0


@boundary(failure=0)
def simple_torch_cuda_device_count() -> int:
    """Return the number of CUDA devices that torch can use, 0 on failure."""
    return cuda_device_count()


# --- memory and errors ------------------------------------------------------------------------


@boundary(failure=None)
def simple_torch_tensor_free(handle: int) -> None:
    """Release a handle. The tensor goes when nothing else holds it; the handle never returns."""
    session().free(handle)


def simple_torch_last_error() -> str:
    """Say why this thread's latest call failed, or ``""`` when it succeeded.

    Example:
        >>> simple_torch_tensor_ndim(-5), simple_torch_last_error()
        (-1, 'handle -5 was never given out')
    """
    return _boundary.last_error()
