"""Which types of devices a name or a text speaks of: `MPSAccelerator`, `move_to_cuda`, `"nccl"`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants

BACKEND_TYPES = {
    "nccl": ("cuda",),
    "rccl": ("cuda", "hip"),
    "xccl": ("xpu",),
    "ccl": ("xpu", "cpu"),
    "hccl": ("hpu", "npu"),
    "cncl": ("mlu",),
    "mccl": ("musa",),
    "tccl": ("sdaa",),
}
"""The backends of `torch.distributed` that serve one kind of accelerator, with its device types.

From `torch.distributed.Backend.default_device_backend_map` of PyTorch 2.13 and the makers'
packages.
"""

# Makers' names for their hardware and for software that runs on nothing else.
_STANDS_FOR = {
    **BACKEND_TYPES,
    **dict.fromkeys(("cudnn", "cutlass", "deepgemm", "nvidia", "tensorrt"), ("cuda",)),
    **dict.fromkeys(("gaudi", "habana"), ("hpu",)),
    "ascend": ("npu",),
    "metal": ("mps",),
    "rocm": ("cuda", "hip"),
    "tpu": ("xla",),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words(name: str) -> Iterator[str]:
    """The words of an identifier or a text, in lower case, and the device types that they mean.

    >>> list(words("CUDAExecutionProvider")), list(words("is_nccl_available"))
    (['cuda', 'execution', 'provider'], ['is', 'nccl', 'cuda', 'available'])
    """
    for match in _WORD.findall(name):
        word = match.lower()
        yield word
        yield from _STANDS_FOR.get(word, ())


def words_in(node: cst.CSTNode) -> Iterator[str]:
    """The `words` of all names and texts in an expression."""
    for each in descendants(node):
        if isinstance(each, (cst.Name, cst.SimpleString)):
            yield from words(each.value)
