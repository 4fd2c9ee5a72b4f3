"""Resizing, and reading between the elements of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import torch
from torch.nn import functional

from torchdet.runtime.deterministic.pooling import apply_along

_Number = TypeVar("_Number", int, float)


class _How(NamedTuple):
    """How one dimension is resized."""

    size: int | None
    scale: float | None
    mode: str
    align_corners: bool | None
    recompute_scale_factor: bool | None
    antialias: bool


_SEPARABLE = frozenset({"linear", "bilinear", "bicubic", "trilinear", "area"})


def interpolate(
    input: torch.Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> torch.Tensor:
    """Resize, as `torch.nn.functional.interpolate`, as products with a matrix for each dimension.

    The matrices are what torch's own function makes of the unit vectors.
    """
    if mode not in _SEPARABLE:
        return functional.interpolate(
            input, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias
        )
    dimensions = input.dim() - 2
    resized = input
    for axis in range(dimensions):
        how = _How(
            None if size is None else _each(size, axis),
            None if scale_factor is None else _each(scale_factor, axis),
            mode,
            align_corners,
            recompute_scale_factor,
            antialias,
        )
        dim = axis - dimensions
        matrix = _resizing_matrix(input.shape[dim], how).to(input.device, input.dtype)
        resized = apply_along(resized, matrix, dim)
    return resized


@lru_cache(maxsize=64)
def _resizing_matrix(length: int, how: _How) -> torch.Tensor:
    """Return the matrix (new length, length) of one dimension, as torch resizes it."""
    others = {"linear": 0, "area": 0, "trilinear": 2}.get(how.mode, 1)
    vectors = torch.eye(length, dtype=torch.float64).reshape(length, 1, length, *(1,) * others)
    # Of width 1 torch resizes some tensors wrongly with antialias (seen in 2.13).
    vectors = vectors.expand(length, 1, length, *(2,) * others).contiguous()
    with torch.no_grad():
        made = functional.interpolate(
            vectors,
            None if how.size is None else (int(how.size), *(2,) * others),
            None if how.scale is None else (how.scale, *(1.0,) * others),
            how.mode,
            how.align_corners,
            how.recompute_scale_factor,
            how.antialias,
        )
    return made.flatten(3)[..., 0].reshape(length, -1).T.contiguous() if others else made[:, 0].T


def _each(value: _Number | Sequence[_Number], axis: int) -> _Number:
    return value[axis] if isinstance(value, Sequence) else value


# --- sampling a grid -----------------------------------------------------------------------------


def grid_sample(
    input: torch.Tensor,
    grid: torch.Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> torch.Tensor:
    """Read at the places of a grid, as `torch.nn.functional.grid_sample`, by indices and weights.

    Raises `NotImplementedError` for the mode `bicubic`.
    """
    if mode not in ("bilinear", "nearest"):
        raise NotImplementedError(
            f"grid_sample by indices knows bilinear and nearest, not {mode!r}"
        )
    sizes = input.shape[2:][::-1]  # x comes first in a grid
    places = [
        _unnormalised(grid[..., axis], length, padding_mode, bool(align_corners))
        for axis, length in enumerate(sizes)
    ]
    if mode == "nearest":
        return _read(input, [place.round() for place in places], sizes)
    corners = [(place.floor(), place - place.floor()) for place in places]
    total = torch.zeros((), dtype=input.dtype, device=input.device)
    for choice in range(2 ** len(corners)):
        uppers = [bool(choice >> axis & 1) for axis in range(len(corners))]
        at = [low + upper for (low, _share), upper in zip(corners, uppers, strict=True)]
        shares = torch.stack(
            [
                share if upper else 1 - share
                for (_low, share), upper in zip(corners, uppers, strict=True)
            ]
        )
        total = total + _read(input, at, sizes) * shares.prod(0)[:, None]
    return total


def _unnormalised(
    coordinate: torch.Tensor, length: int, padding_mode: str, align_corners: bool
) -> torch.Tensor:
    """Return places in elements, brought inside as the padding says."""
    if align_corners:
        place = (coordinate + 1) / 2 * (length - 1)
        low, span = 0.0, float(length - 1)
    else:
        place = ((coordinate + 1) * length - 1) / 2
        low, span = -0.5, float(length)
    if padding_mode == "border":
        return place.clamp(0, length - 1)
    if padding_mode == "reflection":
        if span == 0:
            return place * 0
        offset = (place - low).abs() % (2 * span)
        return (torch.where(offset > span, 2 * span - offset, offset) + low).clamp(0, length - 1)
    return place


def _read(input: torch.Tensor, places: list[torch.Tensor], sizes: Sequence[int]) -> torch.Tensor:
    """Return the elements at whole places, zero outside; the gradient is added up in order."""
    inside = torch.ones_like(places[0], dtype=torch.bool)
    flat = torch.zeros_like(places[0], dtype=torch.int64)
    for place, length in reversed(list(zip(places, sizes, strict=True))):
        inside = inside & (place >= 0) & (place <= length - 1)
        flat = flat * length + place.detach().nan_to_num(0).clamp(0, length - 1).to(torch.int64)
    batch, channels = input.shape[:2]
    rows = input.reshape(batch, channels, -1).movedim(1, -1)
    samples = torch.arange(batch, device=input.device).reshape(-1, *(1,) * (flat.dim() - 1))
    read = rows[samples, flat].movedim(-1, 1)
    return read * inside[:, None].to(read.dtype)
