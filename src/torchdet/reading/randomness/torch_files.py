"""Which files are part of a program that trains or runs models with torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_ROOTS = frozenset(
    {"torch", "torchvision", "torchaudio", "torchtext", "torchdata", "torch_geometric"}
    | {"lightning", "pytorch_lightning", "accelerate", "timm", "ignite", "monai", "torchdet"}
)
_OTHERS = frozenset(
    {"cupy", "jax", "jittor", "megengine", "mindspore", "mxnet", "oneflow", "paddle", "tensorflow"}
    | {"tinygrad"}
)


def uses_another(facts: FileFacts) -> bool:
    """Whether the file imports another library to train models with, and torch nowhere."""
    roots = {module.partition(".")[0] for module in facts.imported_modules}
    return not roots.isdisjoint(_OTHERS) and roots.isdisjoint(_ROOTS)


def uses_torch(facts: FileFacts) -> bool:
    """Whether the file imports torch or a library on top of it."""
    return any(module.partition(".")[0] in _ROOTS for module in facts.imported_modules)
