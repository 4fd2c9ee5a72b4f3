"""Which files are part of a program that trains or runs models with torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_ROOTS = frozenset(
    {"torch", "torchvision", "torchaudio", "torchtext", "torchdata", "torch_geometric"}
    | {"lightning", "pytorch_lightning", "accelerate", "timm", "ignite", "monai", "torchdet"}
)


def uses_torch(facts: FileFacts) -> bool:
    """Whether the file imports torch or a library on top of it."""
    return any(module.partition(".")[0] in _ROOTS for module in facts.imported_modules)
