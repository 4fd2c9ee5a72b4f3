"""Losses whose own kernels add up in an order that is not fixed."""

from __future__ import annotations

import torch
from torch.nn import functional


def cross_entropy(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """Return the cross entropy; `(N, C, d1, ...)` is taken as `(N * d1 * ..., C)`."""
    losses_of = _flat(input, target)
    if losses_of is None:
        return functional.cross_entropy(
            input,
            target,
            weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )
    loss = functional.cross_entropy(
        *losses_of,
        weight,
        ignore_index=ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )
    return loss.reshape(target.shape) if reduction == "none" else loss


def nll_loss(
    input: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> torch.Tensor:
    """Return the negative log likelihood; `(N, C, d1, ...)` is taken as `(N * d1 * ..., C)`."""
    flat = _flat(input, target)
    losses_of = (input, target) if flat is None else flat
    loss = functional.nll_loss(*losses_of, weight, ignore_index=ignore_index, reduction=reduction)
    return loss.reshape(target.shape) if reduction == "none" else loss


def _flat(input: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return scores and classes in rows, or None where torch's kernel for rows runs anyway."""
    if input.dim() < 3 or target.is_floating_point():
        return None
    return input.movedim(1, -1).reshape(-1, input.shape[1]), target.reshape(-1)


def ctc_loss(
    log_probs: torch.Tensor,
    targets: torch.Tensor,
    input_lengths: torch.Tensor | tuple[int, ...],
    target_lengths: torch.Tensor | tuple[int, ...],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> torch.Tensor:
    """Return the CTC loss, as `torch.nn.functional.ctc_loss`, by its forward recursion.

    Gradients come from autograd through a loop over time, so it is slower than the kernel.
    """
    batched = log_probs.dim() == 3
    scores = log_probs if batched else log_probs[:, None]
    steps, batch, _classes = scores.shape
    device = scores.device
    lengths = torch.as_tensor(target_lengths, device=device).reshape(-1)
    inputs = torch.as_tensor(input_lengths, device=device).reshape(-1)
    labels = _padded(targets.to(device), lengths, blank)
    states = torch.full((batch, 2 * labels.shape[1] + 1), blank, dtype=torch.int64, device=device)
    states[:, 1::2] = labels
    skips = torch.zeros_like(states, dtype=torch.bool)
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    rows = torch.arange(batch, device=device)[:, None]
    emitted = scores[:, rows, states]  # time, batch, state
    nothing = -torch.inf
    allowed = torch.arange(states.shape[1], device=device)[None] < 2
    alpha = emitted[0].masked_fill(~allowed, nothing)
    for step in range(1, steps):
        one = functional.pad(alpha, (1, 0), value=nothing)[:, :-1]
        two = functional.pad(alpha, (2, 0), value=nothing)[:, :-2].masked_fill(~skips, nothing)
        following = _log_sum(torch.stack([alpha, one, two])) + emitted[step]
        alpha = torch.where((step < inputs)[:, None], following, alpha)
    last = 2 * lengths[:, None]
    ends = torch.cat([last, (last - 1).clamp(min=0)], dim=1)
    final = alpha[rows, ends]
    final = torch.stack([final[:, 0], final[:, 1].masked_fill(lengths == 0, nothing)])
    losses = -_log_sum(final)
    if zero_infinity:
        losses = losses.masked_fill(losses == torch.inf, 0)
    if reduction == "mean":
        return (losses / lengths.clamp(min=1).to(losses.dtype)).mean()
    if reduction == "sum":
        return losses.sum()
    return losses if batched else losses[0]


def _padded(targets: torch.Tensor, lengths: torch.Tensor, blank: int) -> torch.Tensor:
    """Return the labels of each sample in a row of their own."""
    if targets.dim() == 2:
        return targets[:, : int(lengths.max())].to(torch.int64)
    longest = int(lengths.max()) if lengths.numel() else 0
    places = torch.arange(longest, device=targets.device)[None]
    starts = lengths.cumsum(0) - lengths
    inside = places < lengths[:, None]
    index = (starts[:, None] + places).masked_fill(~inside, 0)
    if not targets.numel():
        return torch.full(index.shape, blank, dtype=torch.int64, device=targets.device)
    return targets[index].to(torch.int64).masked_fill(~inside, blank)


def _log_sum(values: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the sum over the first dimension; impossible sums have gradient 0."""
    top = values.detach().amax(0)
    top = top.masked_fill(top == -torch.inf, 0)
    total = (values - top).exp().sum(0)
    impossible = total == 0
    return (total.masked_fill(impossible, 1).log() + top).masked_fill(impossible, -torch.inf)
