"""Writing to places that indices name, and reading places back at the borders."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional


def put_(
    input: torch.Tensor, index: torch.Tensor, source: torch.Tensor, accumulate: bool = False
) -> torch.Tensor:
    """Write to places of the flattened tensor in place, as `Tensor.put_`."""
    return input.copy_(put(input, index, source, accumulate))


def put(
    input: torch.Tensor, index: torch.Tensor, source: torch.Tensor, accumulate: bool = False
) -> torch.Tensor:
    """Return a copy with other values at places of the flattened tensor, as `torch.put`."""
    places, values = index.reshape(-1), source.reshape(-1)
    written = input.reshape(-1).index_put((places,), values, accumulate=accumulate)
    return written.reshape(input.shape)


def scatter_reduce(
    input: torch.Tensor,
    dim: int,
    index: torch.Tensor,
    src: torch.Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> torch.Tensor:
    """Reduce values by the places that they go to, as `torch.scatter_reduce`.

    Products are multiplied along sorted places; the other reductions are torch's own, which have a
    deterministic algorithm.
    """
    if reduce != "prod" or not index.numel():
        return torch.scatter_reduce(input, dim, index, src, reduce, include_self=include_self)
    used = src[tuple(slice(0, length) for length in index.shape)]
    grid = torch.meshgrid(
        *(torch.arange(length, device=index.device) for length in index.shape), indexing="ij"
    )
    places = [index if axis == dim % input.dim() else each for axis, each in enumerate(grid)]
    flat = torch.zeros_like(index)
    for place, length in zip(places, input.shape, strict=True):
        flat = flat * length + place
    keys, order = flat.reshape(-1).sort(stable=True)
    products = _products(keys, used.reshape(-1)[order])
    is_last = torch.ones_like(keys, dtype=torch.bool)
    is_last[:-1] = keys[1:] != keys[:-1]
    targets, reduced = keys[is_last], products[is_last]
    own = input.reshape(-1)
    if include_self:
        reduced = own[targets] * reduced
    return own.index_put((targets,), reduced).reshape(input.shape)


def _products(keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return at each place the product of all values so far of the same key."""
    reach = 1
    while reach < len(keys):
        same = keys[reach:] == keys[:-reach]
        if not bool(same.any()):
            break
        before = torch.where(same, values[:-reach], torch.ones_like(values[:-reach]))
        values = torch.cat([values[:reach], values[reach:] * before])
        reach *= 2
    return values


def pad(
    input: torch.Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> torch.Tensor:
    """Pad, as `torch.nn.functional.pad`; reflected borders are read by their places."""
    if mode != "reflect":
        return functional.pad(input, list(pad), mode, value)
    padded = input
    for offset in range(len(pad) // 2):
        dim, (before, after) = -1 - offset, pad[2 * offset : 2 * offset + 2]
        length = input.shape[dim]
        if max(before, after) >= length:
            raise RuntimeError(
                f"padding {before} and {after} is reflected from {length} elements; it must be less"
            )
        places = torch.arange(-before, length + after, device=input.device).abs()
        places = (length - 1) - ((length - 1) - places).abs()
        padded = padded.index_select(dim, places)
    return padded
