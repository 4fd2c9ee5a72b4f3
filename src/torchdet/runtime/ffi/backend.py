"""What the exported functions need of a tensor library."""

from __future__ import annotations

from array import array
from typing import Protocol, TypeVar

from torchdet.runtime.ffi.shapes import Shape

Tensor = TypeVar("Tensor")

CPU_CODE = -1
"""The device code of the CPU; N >= 0 is GPU N, and every negative code means the CPU."""


class Backend(Protocol[Tensor]):
    """A tensor library as the boundary sees it: float32, no autograd, results are new tensors."""

    def filled(self, shape: Shape, value: float) -> Tensor:
        """Return a tensor of one value on the runtime's device."""

    def randn(self, shape: Shape) -> Tensor:
        """Return standard normal values on the runtime's device."""

    def from_values(self, shape: Shape, values: array[float]) -> Tensor:
        """Return the given elements, row-major, on the runtime's device."""

    def add(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the element-wise sum."""

    def mul(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the element-wise product."""

    def matmul(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the matrix product."""

    def relu(self, tensor: Tensor) -> Tensor:
        """Return max(x, 0) of each element."""

    def sigmoid(self, tensor: Tensor) -> Tensor:
        """Return 1 / (1 + exp(-x)) of each element."""

    def tanh(self, tensor: Tensor) -> Tensor:
        """Return tanh(x) of each element."""

    def shape(self, tensor: Tensor) -> Shape:
        """Return the sizes."""

    def values(self, tensor: Tensor) -> array[float]:
        """Return a copy of the elements, row-major."""

    def to_device(self, tensor: Tensor, code: int) -> Tensor:
        """Return the tensor on the device of a code; raise where there is no such device."""

    def is_cuda(self, tensor: Tensor) -> bool:
        """Say whether the tensor lies on a CUDA device."""
