"""Order statistics with their places."""

from __future__ import annotations

import torch


def median(
    input: torch.Tensor, dim: int, keepdim: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the lower median along a dimension and its place, as `torch.median`.

    Of equal values it is the place of the one that sorts there stably; torch may name another.
    """
    values, places = input.sort(dim=dim, stable=True)
    length = input.shape[dim]
    middle = torch.full_like(places.narrow(dim, 0, 1), (length - 1) // 2)
    if input.is_floating_point():
        unknown = values.isnan()
        first = length - unknown.sum(dim=dim, keepdim=True)
        middle = torch.where(first < length, first, middle)
    place = places.gather(dim, middle)
    value = torch.take_along_dim(input, place, dim)
    return (value, place) if keepdim else (value.squeeze(dim), place.squeeze(dim))
