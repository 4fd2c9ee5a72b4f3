"""Adaptive pooling, and its way back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import functional

Size = int | Sequence[int | None] | None


def adaptive_avg_pool1d(input: torch.Tensor, output_size: Size) -> torch.Tensor:
    """Average over windows of the last dimension, as products with a pooling matrix."""
    return _averaged(input, output_size, 1)


def adaptive_avg_pool2d(input: torch.Tensor, output_size: Size) -> torch.Tensor:
    """Average over windows of the last two dimensions, as products with pooling matrices."""
    return _averaged(input, output_size, 2)


def adaptive_avg_pool3d(input: torch.Tensor, output_size: Size) -> torch.Tensor:
    """Average over windows of the last three dimensions, as products with pooling matrices."""
    return _averaged(input, output_size, 3)


def _averaged(input: torch.Tensor, output_size: Size, dimensions: int) -> torch.Tensor:
    pooled = input
    for offset, size in enumerate(_sizes(input, output_size, dimensions)):
        dim = offset - dimensions
        matrix = _pooling_matrix(input.shape[dim], size, input)
        pooled = apply_along(pooled, matrix, dim)
    return pooled


def _sizes(input: torch.Tensor, output_size: Size, dimensions: int) -> list[int]:
    given = (
        [output_size] * dimensions if isinstance(output_size, int) else list(output_size or [None])
    )
    return [
        input.shape[offset - dimensions] if size is None else int(size)
        for offset, size in enumerate(given)
    ]


def _pooling_matrix(length: int, size: int, like: torch.Tensor) -> torch.Tensor:
    rows = torch.zeros(size, length, dtype=torch.float64)
    for row in range(size):
        start, end = row * length // size, -(-(row + 1) * length // size)
        rows[row, start:end] = 1.0 / (end - start)
    return rows.to(device=like.device, dtype=like.dtype)


def apply_along(input: torch.Tensor, matrix: torch.Tensor, dim: int) -> torch.Tensor:
    """Multiply one dimension by a matrix of (new length, length)."""
    return torch.matmul(input.movedim(dim, -1), matrix.T).movedim(-1, dim)


# --- maxima --------------------------------------------------------------------------------------


def adaptive_max_pool1d(
    input: torch.Tensor, output_size: Size, return_indices: bool = False
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Take the maxima of windows of the last dimension."""
    with torch.no_grad():
        sizes = _sizes(input, output_size, 1)
        found = functional.adaptive_max_pool1d_with_indices(input.detach(), sizes)
    return _selected(input, found[1], 1, return_indices)


def adaptive_max_pool2d(
    input: torch.Tensor, output_size: Size, return_indices: bool = False
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Take the maxima of windows of the last two dimensions."""
    with torch.no_grad():
        sizes = _sizes(input, output_size, 2)
        found = functional.adaptive_max_pool2d_with_indices(input.detach(), sizes)  # type: ignore[arg-type]  # 2 of them
    return _selected(input, found[1], 2, return_indices)


def adaptive_max_pool3d(
    input: torch.Tensor, output_size: Size, return_indices: bool = False
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Take the maxima of windows of the last three dimensions."""
    with torch.no_grad():
        sizes = _sizes(input, output_size, 3)
        found = functional.adaptive_max_pool3d_with_indices(input.detach(), sizes)  # type: ignore[arg-type]  # 3 of them
    return _selected(input, found[1], 3, return_indices)


def _selected(
    input: torch.Tensor, indices: torch.Tensor, dimensions: int, return_indices: bool
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Read the maxima by their places: the gradient of an index is added up in order."""
    planes = math.prod(input.shape[:-dimensions])
    plane = math.prod(input.shape[-dimensions:])
    starts = torch.arange(planes, device=input.device)[:, None] * plane
    places = (indices.reshape(planes, -1) + starts).flatten()
    pooled = input.reshape(-1)[places].reshape(indices.shape)
    return (pooled, indices) if return_indices else pooled


# --- unpooling -----------------------------------------------------------------------------------


def max_unpool1d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> torch.Tensor:
    """Put maxima back where `max_pool1d` found them, zeros elsewhere."""
    return _unpooled(input, indices, (kernel_size, stride, padding), output_size, 1)


def max_unpool2d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> torch.Tensor:
    """Put maxima back where `max_pool2d` found them, zeros elsewhere."""
    return _unpooled(input, indices, (kernel_size, stride, padding), output_size, 2)


def max_unpool3d(
    input: torch.Tensor,
    indices: torch.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> torch.Tensor:
    """Put maxima back where `max_pool3d` found them, zeros elsewhere."""
    return _unpooled(input, indices, (kernel_size, stride, padding), output_size, 3)


_Window = tuple[int | Sequence[int], int | Sequence[int] | None, int | Sequence[int]]


def _unpooled(
    input: torch.Tensor,
    indices: torch.Tensor,
    window: _Window,
    output_size: Sequence[int] | None,
    dimensions: int,
) -> torch.Tensor:
    kernel, stride, padding = window
    kernels = _each(kernel, dimensions)
    strides = kernels if stride is None or stride == [] else _each(stride, dimensions)
    paddings = _each(padding, dimensions)
    if output_size is None:
        lengths = input.shape[-dimensions:]
        sizes = [
            (length - 1) * step - 2 * pad + width
            for length, step, pad, width in zip(lengths, strides, paddings, kernels, strict=True)
        ]
    else:
        sizes = [int(size) for size in output_size[-dimensions:]]
    planes, plane = math.prod(input.shape[:-dimensions]), math.prod(sizes)
    starts = torch.arange(planes, device=input.device)[:, None] * plane
    places = (indices.reshape(planes, -1) + starts).flatten()
    flat = input.new_zeros(planes * plane).index_put((places,), input.reshape(-1))
    return flat.reshape(*input.shape[:-dimensions], *sizes)


def _each(value: int | Sequence[int], dimensions: int) -> list[int]:
    return [value] * dimensions if isinstance(value, int) else [int(each) for each in value]
