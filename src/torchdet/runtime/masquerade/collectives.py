"""``torch.cuda.comm`` where all its devices are one, on which every copy lies."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from torchdet.runtime.redirect.mode import RedirectMode

Tensors = tuple[torch.Tensor, ...]


def broadcast(
    mode: RedirectMode,
    tensor: torch.Tensor,
    devices: Sequence[object] | None = None,
    *,
    out: Sequence[torch.Tensor] | None = None,
) -> Tensors:
    if out is not None:
        return tuple(each.copy_(tensor) for each in out)
    return tuple(tensor.to(mode.home) for _ in devices or ())


def broadcast_coalesced(
    mode: RedirectMode,
    tensors: Sequence[torch.Tensor],
    devices: Sequence[object],
    buffer_size: int = 0,  # noqa: ARG001 - torch's signature
) -> list[list[torch.Tensor]]:
    return [[each.to(mode.home) for each in tensors] for _ in devices]


def reduce_add(
    mode: RedirectMode,
    inputs: Sequence[torch.Tensor],
    destination: object = None,  # noqa: ARG001 - the device that is there
) -> torch.Tensor:
    return torch.stack([each.to(mode.home) for each in inputs]).sum(0)


def reduce_add_coalesced(
    mode: RedirectMode,
    inputs: Sequence[Sequence[torch.Tensor]],
    destination: object = None,
    buffer_size: int = 0,  # noqa: ARG001 - torch's signature
) -> Tensors:
    return tuple(reduce_add(mode, each, destination) for each in zip(*inputs, strict=True))


def scatter(  # noqa: PLR0913 - torch's signature
    mode: RedirectMode,
    tensor: torch.Tensor,
    devices: Sequence[object] | None = None,
    chunk_sizes: Sequence[int] | None = None,
    dim: int = 0,
    streams: object = None,  # noqa: ARG001 - torch's signature
    *,
    out: Sequence[torch.Tensor] | None = None,
) -> Tensors:
    targets = out or devices or ()
    here = tensor.to(mode.home)
    if chunk_sizes:
        parts = torch.split_with_sizes(here, list(chunk_sizes), dim)
    else:
        parts = here.chunk(len(targets), dim)
    if out is not None:
        return tuple(into.copy_(part) for into, part in zip(out, parts, strict=True))
    return tuple(parts)


def gather(
    mode: RedirectMode,
    tensors: Sequence[torch.Tensor],
    dim: int = 0,
    destination: object = None,  # noqa: ARG001 - the device that is there
    *,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    return torch.cat([each.to(mode.home) for each in tensors], dim, out=out)
