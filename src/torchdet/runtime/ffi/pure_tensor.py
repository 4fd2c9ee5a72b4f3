"""Float32 tensors in plain Python, for hosts on machines without torch.

The results agree with torch's on the CPU to float32 rounding: products and sums are formed in
double precision and rounded once, where torch rounds at each step.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torchdet.runtime.ffi.boundary import FfiError
from torchdet.runtime.ffi.shapes import Shape, broadcast, offsets


@dataclass(frozen=True, slots=True)
class PureTensor:
    """A contiguous float32 tensor; ``values`` holds its elements in row-major order."""

    shape: Shape
    values: array[float]


def filled(shape: Shape, value: float) -> PureTensor:
    """Return a tensor whose every element is ``value``."""
    return PureTensor(shape, array("f", [value]) * math.prod(shape))


def from_values(shape: Shape, values: Iterable[float]) -> PureTensor:
    """Return a tensor of the given elements, rounded to float32."""
    return PureTensor(shape, array("f", values))


def add(left: PureTensor, right: PureTensor) -> PureTensor:
    """Return the element-wise sum, with broadcasting.

    Example:
        >>> add(filled((2,), 1.0), filled((2,), 0.5)).values.tolist()
        [1.5, 1.5]
    """
    return _elementwise(operator.add, left, right)


def mul(left: PureTensor, right: PureTensor) -> PureTensor:
    """Return the element-wise product, with broadcasting."""
    return _elementwise(operator.mul, left, right)


def _elementwise(
    operation: Callable[[float, float], float], left: PureTensor, right: PureTensor
) -> PureTensor:
    if left.shape == right.shape:
        return from_values(left.shape, map(operation, left.values, right.values))
    shape = broadcast(left.shape, right.shape)
    places = zip(offsets(left.shape, shape), offsets(right.shape, shape), strict=True)
    return from_values(shape, (operation(left.values[i], right.values[j]) for i, j in places))


def matmul(left: PureTensor, right: PureTensor) -> PureTensor:
    """Return the matrix product, for vectors, matrices and batches as in ``torch.matmul``.

    Raises:
        FfiError: an operand has no dimension, or the inner sizes differ.

    Example:
        >>> matmul(filled((2, 3), 1.0), filled((3,), 2.0)).values.tolist()
        [6.0, 6.0]
    """
    if not left.shape or not right.shape:
        raise FfiError("both operands of a matrix product need at least one dimension")
    a_shape = left.shape if len(left.shape) > 1 else (1, *left.shape)
    b_shape = right.shape if len(right.shape) > 1 else (*right.shape, 1)
    (rows, inner), (inner_right, columns) = a_shape[-2:], b_shape[-2:]
    if inner != inner_right:
        raise FfiError(
            f"the shapes {list(left.shape)} and {list(right.shape)} have no matrix product"
        )
    batch = broadcast(a_shape[:-2], b_shape[:-2])
    values = array("f")
    a_places = offsets(a_shape[:-2], batch, unit=rows * inner)
    b_places = offsets(b_shape[:-2], batch, unit=inner * columns)
    for a, b in zip(a_places, b_places, strict=True):
        a_rows = [left.values[a + i * inner : a + (i + 1) * inner] for i in range(rows)]
        b_matrix = right.values[b : b + inner * columns]
        b_columns = [b_matrix[j::columns] for j in range(columns)]
        values.extend(sum(map(operator.mul, row, col)) for row in a_rows for col in b_columns)
    kept_rows = (rows,) if len(left.shape) > 1 else ()
    kept_columns = (columns,) if len(right.shape) > 1 else ()
    return PureTensor((*batch, *kept_rows, *kept_columns), values)


def relu(tensor: PureTensor) -> PureTensor:
    """Return ``max(x, 0)`` of each element; NaN stays NaN, as in torch."""
    return from_values(tensor.shape, (0.0 if x < 0 else x for x in tensor.values))


def sigmoid(tensor: PureTensor) -> PureTensor:
    """Return ``1 / (1 + exp(-x))`` of each element."""
    return from_values(tensor.shape, map(_sigmoid, tensor.values))


def _sigmoid(x: float) -> float:
    # The two forms are equal; each keeps exp's argument from overflowing on its side.
    if x < 0:
        grown = math.exp(x)
        return grown / (1.0 + grown)
    return 1.0 / (1.0 + math.exp(-x))


def tanh(tensor: PureTensor) -> PureTensor:
    """Return the hyperbolic tangent of each element."""
    return from_values(tensor.shape, map(math.tanh, tensor.values))
