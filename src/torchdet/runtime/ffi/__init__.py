"""Tensors behind integer handles, for hosts in other languages; works without torch.

The functions have the names that the Simple language's host knows, and two were added: one that
copies a tensor's elements out, and one that says why the thread's latest call failed. A handle
is a positive 64-bit integer. A function that returns a handle answers 0 when it fails, one that
counts answers -1, one that says yes or no answers False; nothing is ever raised.

Where torch is installed the calls go to it through the runtime: the policy decides the device
and the determinism flags are applied before the first tensor. A rejected policy fails every
call, with the reasons. Where torch is not installed (stub mode) plain Python computes the same
functions on the CPU.

Device codes: negative is the CPU, N is GPU N.

Example:
    >>> a = simple_torch_tensor_from_data([1.0, -2.0], [2])
    >>> b = simple_torch_relu(a)
    >>> out = [0.0, 0.0]
    >>> simple_torch_tensor_data(b, out), out
    (2, [1.0, 0.0])
    >>> simple_torch_tensor_free(a)
    >>> simple_torch_relu(a)
    0
"""

from __future__ import annotations

from torchdet.runtime.ffi.exports import (
    simple_torch_available,
    simple_torch_cuda_available,
    simple_torch_cuda_device_count,
    simple_torch_last_error,
    simple_torch_relu,
    simple_torch_sigmoid,
    simple_torch_tanh,
    simple_torch_tensor_add,
    simple_torch_tensor_cpu,
    simple_torch_tensor_cuda,
    simple_torch_tensor_data,
    simple_torch_tensor_free,
    simple_torch_tensor_from_data,
    simple_torch_tensor_is_cuda,
    simple_torch_tensor_matmul,
    simple_torch_tensor_mul,
    simple_torch_tensor_ndim,
    simple_torch_tensor_numel,
    simple_torch_tensor_ones,
    simple_torch_tensor_randn,
    simple_torch_tensor_shape,
    simple_torch_tensor_to_device,
    simple_torch_tensor_zeros,
)

__all__ = [
    "simple_torch_available",
    "simple_torch_cuda_available",
    "simple_torch_cuda_device_count",
    "simple_torch_last_error",
    "simple_torch_relu",
    "simple_torch_sigmoid",
    "simple_torch_tanh",
    "simple_torch_tensor_add",
    "simple_torch_tensor_cpu",
    "simple_torch_tensor_cuda",
    "simple_torch_tensor_data",
    "simple_torch_tensor_free",
    "simple_torch_tensor_from_data",
    "simple_torch_tensor_is_cuda",
    "simple_torch_tensor_matmul",
    "simple_torch_tensor_mul",
    "simple_torch_tensor_ndim",
    "simple_torch_tensor_numel",
    "simple_torch_tensor_ones",
    "simple_torch_tensor_randn",
    "simple_torch_tensor_shape",
    "simple_torch_tensor_to_device",
    "simple_torch_tensor_zeros",
]
