"""Seeded inputs for recipes, the same on every device."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable

import torch

from tests.torch_api.recipe import Run, Tensors

MANY = 200_000
"""More than the 32,768 elements from which the kernels of the CPU share work among threads."""


def normal(*shape: int, device: torch.device, seed: int = 0) -> torch.Tensor:
    """Normal numbers of very different sizes, whose sum depends on the order of adding."""
    generator = torch.Generator().manual_seed(seed)
    scale = torch.rand(shape, generator=generator).mul(12).exp2()
    return torch.randn(shape, generator=generator).mul(scale).to(device)


def integers(*shape: int, below: int, device: torch.device, seed: int = 1) -> torch.Tensor:
    """Whole numbers in ``[0, below)``: indices with many duplicates where ``below`` is small."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(below, shape, generator=generator).to(device)


def backward(result: torch.Tensor, *leaves: torch.Tensor) -> Tensors:
    """The result and the gradients of ``leaves`` under uneven gradients of the result."""
    weights = normal(*result.shape, device=result.device, seed=2).to(result.dtype)
    (result * weights).sum().backward()
    return (result.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None))


def gradient(
    layer: Callable[[torch.Tensor], torch.Tensor], *shape: int, dtype: torch.dtype = torch.float32
) -> Run:
    """A run of ``layer`` forward and backward on one input of ``shape``."""

    def run(device: torch.device) -> Tensors:
        x = normal(*shape, device=device).to(dtype).requires_grad_()
        return backward(layer(x), x)

    return run


def module_gradient(build: Callable[[], torch.nn.Module], *shape: int) -> Run:
    """A run of a module, with seeded parameters, forward and backward on one input."""

    def run(device: torch.device) -> Tensors:
        torch.manual_seed(0)
        module = build().to(device)
        x = normal(*shape, device=device).requires_grad_()
        out = module(x)
        result = out[0] if isinstance(out, tuple) else out
        return backward(result, x, *module.parameters())

    return run
