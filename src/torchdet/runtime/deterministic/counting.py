"""Histograms: counts of floating-point values, and sums of weights."""

from __future__ import annotations

import torch


def histc(input: torch.Tensor, bins: int = 100, min: float = 0, max: float = 0) -> torch.Tensor:
    """Count values in bins of equal width, as `torch.histc`, by integer counts."""
    low, high = float(min), float(max)
    if low == high and input.numel():
        low, high = input.min().item(), input.max().item()
    if low == high:
        low, high = low - 1, high + 1
    values = input.flatten()
    values = values[(values >= low) & (values <= high)]
    edges = torch.linspace(low, high, bins + 1, dtype=input.dtype, device=input.device)
    places = torch.bucketize(values, edges, right=True).sub(1).clamp(0, bins - 1)
    return torch.bincount(places, minlength=bins).to(input.dtype)


def bincount(
    input: torch.Tensor, weights: torch.Tensor | None = None, minlength: int = 0
) -> torch.Tensor:
    """Count values, or add up their weights, as `torch.bincount`."""
    if weights is None:
        return torch.bincount(input, minlength=minlength)
    length = max(minlength, int(input.max()) + 1 if input.numel() else 0)
    dtype = torch.float32 if weights.dtype == torch.float32 else torch.float64
    sums = torch.zeros(length, dtype=dtype, device=input.device)
    return sums.index_put((input,), weights.detach().to(dtype), accumulate=True)
