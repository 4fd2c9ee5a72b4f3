"""What hands Python code to a compiler of PyTorch, and what keeps it from one."""

from __future__ import annotations

COMPILE_FUNCTIONS = ("torch.compile", "torch.compiler.compile")
"""Functions and decorators that compile with TorchDynamo."""

COMPILE_EXCLUSIONS = ("torch.compiler.disable", "torch._dynamo.disable")
"""What keeps a function out of such compilation."""

CUMULATIVE_SUM = "torch.cumsum"
"""The function that has a deterministic path on CUDA only where it is not compiled."""

TRITON_SUMS = frozenset({"atomic_add", "cumsum", "dot", "dot_scaled", "sum"})
"""Functions of Triton's language that add numbers up, in an order of their own."""

SCRIPT_FUNCTIONS = ("torch.jit.script", "torch.fx.symbolic_trace")
"""Functions that read or trace the source of what they are given."""

SCRIPT_DECORATORS = (
    "torch.jit.script",
    "torch.jit.script_if_tracing",
    "torch.jit.script_method",
    "torch.jit.export",
)
"""Decorators that hand a function to TorchScript."""

SCRIPT_EXCLUSIONS = ("torch.jit.ignore", "torch.jit.unused")
"""Decorators that keep a function out of TorchScript."""
