"""What turns gradients off, and what has its own."""

from __future__ import annotations

NO_GRADIENT = frozenset(
    {"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad", "torch.set_grad_enabled"}
    | {"torch.autograd.grad_mode.no_grad", "torch.autograd.grad_mode.inference_mode"}
)
"""Context managers and decorators without gradients; `set_grad_enabled` depends on its argument."""

AUTOGRAD_FUNCTIONS = frozenset({"torch.autograd.Function", "torch.autograd.function.Function"})
"""The base class of operations that bring their own backward pass."""
