"""Shapes as tuples of sizes: what a host may ask for, how two broadcast, where elements lie."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torchdet.runtime.ffi.boundary import FfiError

Shape = tuple[int, ...]

MAX_DIMENSIONS = 64
"""Torch's own limit for element-wise operations (``TensorIterator`` in ATen)."""

MAX_ELEMENTS = 2**61
"""The most float32 values whose bytes a signed 64-bit size can count."""


def checked_shape(dims: object) -> Shape:
    """Turn a host's sizes into a shape; raise ``FfiError`` unless all are integers >= 0.

    Example:
        >>> checked_shape([2, 3])
        (2, 3)
    """
    if isinstance(dims, (str, bytes)) or not isinstance(dims, Iterable):
        raise FfiError(f"dims is a sequence of sizes, not {dims!r}")
    shape = tuple(_size(size) for size in dims)
    if len(shape) > MAX_DIMENSIONS:
        raise FfiError(f"{len(shape)} dimensions; at most {MAX_DIMENSIONS} are possible")
    if math.prod(shape) > MAX_ELEMENTS:
        raise FfiError(f"the shape {list(shape)} has more elements than can be addressed")
    return shape


def _size(size: object) -> int:
    if isinstance(size, bool) or not hasattr(size, "__index__"):
        raise FfiError(f"each size is an integer, not {size!r}")
    number = int(size.__index__())
    if number < 0:
        raise FfiError(f"each size is 0 or more, not {number}")
    return number


def broadcast(left: Shape, right: Shape) -> Shape:
    """Return the shape that two operands share, by torch's broadcasting rules.

    Example:
        >>> broadcast((2, 1), (3,))
        (2, 3)
    """
    width = max(len(left), len(right))
    pairs = zip(_padded(left, width), _padded(right, width), strict=True)
    return tuple(_common_size(a, b, left, right) for a, b in pairs)


def _common_size(a: int, b: int, left: Shape, right: Shape) -> int:
    if b in (a, 1):
        return a
    if a == 1:
        return b
    raise FfiError(f"the shapes {list(left)} and {list(right)} do not broadcast")


def _padded(shape: Shape, width: int) -> Shape:
    return (1,) * (width - len(shape)) + shape


def offsets(shape: Shape, target: Shape, unit: int = 1) -> list[int]:
    """List where each element of ``target`` lies in a contiguous block of ``shape``.

    ``shape`` must broadcast to ``target``; ``unit`` is the length of one element.

    Example:
        >>> offsets((2, 1), (2, 3))
        [0, 0, 0, 1, 1, 1]
    """
    strides: list[int] = []
    step = unit
    for size in reversed(_padded(shape, len(target))):
        strides.append(0 if size == 1 else step)
        step *= size
    places = [0]
    for size, stride in zip(target, reversed(strides), strict=True):
        places = [place + index * stride for place in places for index in range(size)]
    return places
