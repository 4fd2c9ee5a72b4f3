"""One tensor library and its handles: each exported function as a method that may raise."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from torchdet.runtime.ffi.backend import CPU_CODE, Backend
from torchdet.runtime.ffi.boundary import FfiError
from torchdet.runtime.ffi.handle_table import HandleTable
from torchdet.runtime.ffi.shapes import checked_shape

Tensor = TypeVar("Tensor")
Element = TypeVar("Element")
Written_contra = TypeVar("Written_contra", contravariant=True)


class Buffer(Protocol[Written_contra]):
    """Memory of the host: a list, ``array.array`` or ctypes array that elements are written to."""

    def __len__(self) -> int: ...

    def __setitem__(self, index: int, value: Written_contra, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Session(Generic[Tensor]):
    """Tensors by handle. Every method raises on failure; the boundary turns that into a value."""

    backend: Backend[Tensor]
    tensors: HandleTable[Tensor] = field(default_factory=HandleTable)

    def filled(self, dims: object, value: float) -> int:
        return self.tensors.add(self.backend.filled(checked_shape(dims), value))

    def randn(self, dims: object) -> int:
        return self.tensors.add(self.backend.randn(checked_shape(dims)))

    def from_data(self, data: object, dims: object) -> int:
        shape = checked_shape(dims)
        values = _float32_values(data)
        if len(values) != math.prod(shape):
            raise FfiError(f"{len(values)} values do not fill the shape {list(shape)}")
        return self.tensors.add(self.backend.from_values(shape, values))

    def add(self, left: object, right: object) -> int:
        a, b = self.tensors.get(left), self.tensors.get(right)
        return self.tensors.add(self.backend.add(a, b))

    def mul(self, left: object, right: object) -> int:
        a, b = self.tensors.get(left), self.tensors.get(right)
        return self.tensors.add(self.backend.mul(a, b))

    def matmul(self, left: object, right: object) -> int:
        a, b = self.tensors.get(left), self.tensors.get(right)
        return self.tensors.add(self.backend.matmul(a, b))

    def relu(self, handle: object) -> int:
        return self.tensors.add(self.backend.relu(self.tensors.get(handle)))

    def sigmoid(self, handle: object) -> int:
        return self.tensors.add(self.backend.sigmoid(self.tensors.get(handle)))

    def tanh(self, handle: object) -> int:
        return self.tensors.add(self.backend.tanh(self.tensors.get(handle)))

    def shape(self, handle: object, out: Buffer[int] | None) -> int:
        return _copy_out(list(self.backend.shape(self.tensors.get(handle))), out)

    def ndim(self, handle: object) -> int:
        return len(self.backend.shape(self.tensors.get(handle)))

    def numel(self, handle: object) -> int:
        return math.prod(self.backend.shape(self.tensors.get(handle)))

    def data(self, handle: object, out: Buffer[float] | None) -> int:
        tensor = self.tensors.get(handle)
        if out is None:
            return math.prod(self.backend.shape(tensor))
        return _copy_out(self.backend.values(tensor).tolist(), out)

    def to_gpu(self, handle: object, index: object) -> int:
        code = _device_code(index)
        if code < 0:
            raise FfiError(f"GPU indices count from 0, not {code}")
        return self.to_device(handle, code)

    def to_cpu(self, handle: object) -> int:
        return self.to_device(handle, CPU_CODE)

    def to_device(self, handle: object, code: object) -> int:
        tensor = self.tensors.get(handle)
        number = max(_device_code(code), CPU_CODE)
        return self.tensors.add(self.backend.to_device(tensor, number))

    def is_cuda(self, handle: object) -> bool:
        return self.backend.is_cuda(self.tensors.get(handle))

    def free(self, handle: object) -> None:
        self.tensors.remove(handle)


def _device_code(code: object) -> int:
    if isinstance(code, bool) or not hasattr(code, "__index__"):
        raise FfiError(f"a device code is an integer (-1 CPU, N GPU N), not {code!r}")
    return int(code.__index__())


def _float32_values(data: object) -> array[float]:
    # array("f", bytes) would read raw memory where every other sequence means numbers.
    if isinstance(data, (str, bytes, bytearray)) or not isinstance(data, Iterable):
        raise FfiError(f"data is a sequence of numbers, not {type(data).__name__}")
    return array("f", data)


def _copy_out(elements: list[Element], out: Buffer[Element] | None) -> int:
    """Write all elements to the front of ``out`` if they fit; return their number either way."""
    if out is not None and len(out) >= len(elements):
        # One by one: arrays of ctypes and of the array module take no list for a slice.
        for index, element in enumerate(elements):
            out[index] = element
    return len(elements)
