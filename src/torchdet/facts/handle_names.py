"""The qualified names of torchdet's own runtime that the linter knows.

Written out, because the linter never imports the runtime.
"""

from __future__ import annotations

HANDLE = "torchdet.runtime.TorchHandle"
"""What an expression that yields the runtime's handle resolves to."""

HANDLE_FACTORIES = frozenset(
    {"torchdet.runtime.get_torch_handle", "torchdet.runtime.apply_torch_runtime"}
)
"""The functions that return the handle."""
