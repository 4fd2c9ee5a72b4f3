"""64 bits that stand for the bits of a tensor.

A digest is an ``int``, or for a tensor on an accelerator a scalar tensor on it, which is fetched
later with many others: reading it at once would wait for the device.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence

import torch
from xxhash import xxh3_64_intdigest

Digest = int | torch.Tensor

EMPTY = 0
"""The digest of what has no bits: no elements, meta tensors, tensors without memory."""

_MASK = 2**64 - 1
_PLAIN = (torch.Tensor, torch.nn.Parameter)


def digest(tensor: torch.Tensor) -> Digest:
    """The digest of a tensor's elements, as they lie in memory."""
    if type(tensor) in _PLAIN and tensor.layout is torch.strided:
        if tensor.is_cpu:
            return _digest_on_host(tensor)
        return EMPTY if tensor.is_meta else _digest_on_device(tensor)
    parts = [digest(part) for part in _parts(tensor)]
    on_device = [part for part in parts if isinstance(part, torch.Tensor)]
    if on_device:
        return torch.hash_tensor(torch.stack(on_device))
    return combined([part for part in parts if isinstance(part, int)])


def combined(parts: Sequence[int]) -> int:
    """One digest for several that are at hand."""
    if len(parts) == 1:
        return parts[0]
    return xxh3_64_intdigest(struct.pack(f"<{len(parts)}Q", *parts)) if parts else EMPTY


def text_digest(text: str) -> int:
    """The digest of a text."""
    return xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _digest_on_host(tensor: torch.Tensor) -> int:
    count = tensor.numel()
    if count == 0:
        return EMPTY
    dense = tensor if tensor.is_contiguous() else _dense(tensor)
    size = count * dense.element_size() if dense is tensor else dense.numel() * dense.element_size()
    try:
        address = dense.data_ptr()
    except RuntimeError:  # inside a transformation of torch.func
        return EMPTY
    return xxh3_64_intdigest((ctypes.c_char * size).from_address(address))


def _digest_on_device(tensor: torch.Tensor) -> Digest:
    if tensor.numel() == 0:
        return EMPTY
    dense = tensor if tensor.is_contiguous() else _dense(tensor)
    if dense.is_complex():
        dense = torch.view_as_real(dense.resolve_conj())
    return torch.hash_tensor(dense)


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    """The same elements without gaps; those that an expanded tensor repeats are taken once.

    A tensor that fills its part of the memory in another order is read in that order.
    """
    if tensor.is_nested:  # it has no strides
        return tensor.contiguous()
    strides = tensor.stride()
    for dimension, stride in enumerate(strides):
        if stride == 0:
            tensor = tensor.narrow(dimension, 0, 1)
    order = sorted(range(tensor.dim()), key=tensor.stride().__getitem__, reverse=True)
    return tensor.permute(order).contiguous()


def _parts(tensor: torch.Tensor) -> Iterable[torch.Tensor]:
    """The plain tensors that a sparse, nested, quantised or wrapping tensor is made of."""
    if hasattr(tensor, "__tensor_flatten__"):
        names, _ = tensor.__tensor_flatten__()
        return [getattr(tensor, name) for name in names]
    if tensor.layout is torch.sparse_coo:
        return (tensor._indices(), tensor._values())
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return (tensor.crow_indices(), tensor.col_indices(), tensor.values())
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return (tensor.ccol_indices(), tensor.row_indices(), tensor.values())
    if tensor.is_nested:
        return (tensor.values(),) if tensor.layout is torch.jagged else tuple(tensor.unbind())
    if tensor.layout is torch.strided and type(tensor) not in _PLAIN:
        return (tensor.as_subclass(torch.Tensor),)
    return ()
