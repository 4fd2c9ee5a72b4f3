"""The tensor library of stub mode: plain Python, the CPU only."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from random import Random
from threading import Lock

from torchdet.runtime.ffi import pure_tensor
from torchdet.runtime.ffi.boundary import FfiError
from torchdet.runtime.ffi.pure_tensor import PureTensor
from torchdet.runtime.ffi.shapes import Shape


@dataclass(frozen=True, slots=True)
class PureBackend:
    """The library of stub mode: plain Python on the CPU, random numbers seeded by the policy."""

    seed: int | None
    _random: Random = field(init=False)
    _random_lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_random", Random(self.seed))  # noqa: S311 - not for secrets

    def filled(self, shape: Shape, value: float) -> PureTensor:
        return pure_tensor.filled(shape, value)

    def randn(self, shape: Shape) -> PureTensor:
        # Allocated before it is drawn: a size that no memory holds fails at once.
        count = len(pure_tensor.filled(shape, 0.0).values)
        # Random.gauss hands the same value to two threads that meet in it.
        with self._random_lock:
            return pure_tensor.from_values(shape, (self._random.gauss(0, 1) for _ in range(count)))

    def from_values(self, shape: Shape, values: array[float]) -> PureTensor:
        return PureTensor(shape, values)

    def add(self, left: PureTensor, right: PureTensor) -> PureTensor:
        return pure_tensor.add(left, right)

    def mul(self, left: PureTensor, right: PureTensor) -> PureTensor:
        return pure_tensor.mul(left, right)

    def matmul(self, left: PureTensor, right: PureTensor) -> PureTensor:
        return pure_tensor.matmul(left, right)

    def relu(self, tensor: PureTensor) -> PureTensor:
        return pure_tensor.relu(tensor)

    def sigmoid(self, tensor: PureTensor) -> PureTensor:
        return pure_tensor.sigmoid(tensor)

    def tanh(self, tensor: PureTensor) -> PureTensor:
        return pure_tensor.tanh(tensor)

    def shape(self, tensor: PureTensor) -> Shape:
        return tensor.shape

    def values(self, tensor: PureTensor) -> array[float]:
        return tensor.values[:]

    def to_device(self, tensor: PureTensor, code: int) -> PureTensor:
        if code >= 0:
            raise FfiError(f"there is no GPU {code}: torch is not installed")
        return tensor

    def is_cuda(self, tensor: PureTensor) -> bool:  # noqa: ARG002 - the protocol's signature
        return False
