"""The tensor library of a machine with torch; the one module here that imports it."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

import torch

from torchdet.runtime.ffi.shapes import Shape


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """Torch as the runtime applied it: new tensors lie on ``device``, the policy's.

    ``device_of_code`` finds the device of a code by the policy and raises where there is none.
    """

    device: torch.device
    device_of_code: Callable[[int], torch.device]

    def filled(self, shape: Shape, value: float) -> torch.Tensor:
        return torch.full(shape, value, dtype=torch.float32, device=self.device)

    def randn(self, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, dtype=torch.float32, device=self.device)

    def from_values(self, shape: Shape, values: array[float]) -> torch.Tensor:
        # A list is copied: the caller's memory may be reused once the call has returned.
        tensor = torch.tensor(values.tolist(), dtype=torch.float32, device=self.device)
        return tensor.reshape(shape)

    def add(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.add(left, right)

    def mul(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.mul(left, right)

    def matmul(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.matmul(left, right)

    def relu(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.relu(tensor)

    def sigmoid(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(tensor)

    def tanh(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.tanh(tensor)

    def shape(self, tensor: torch.Tensor) -> Shape:
        return tuple(tensor.shape)

    def values(self, tensor: torch.Tensor) -> array[float]:
        return array("f", tensor.reshape(-1).tolist())

    def to_device(self, tensor: torch.Tensor, code: int) -> torch.Tensor:
        return tensor.to(self.device_of_code(code))

    def is_cuda(self, tensor: torch.Tensor) -> bool:
        return tensor.is_cuda
