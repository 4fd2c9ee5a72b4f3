"""Which types of devices a name or a text speaks of: `MPSAccelerator`, `move_to_cuda`, `"nccl"`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.torch_api.device_types import WORDS_FOR_TYPES

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words(name: str) -> Iterator[str]:
    """The words of an identifier or a text, in lower case, and the device types that they mean.

    >>> list(words("CUDAExecutionProvider")), list(words("is_nccl_available"))
    (['cuda', 'execution', 'provider'], ['is', 'nccl', 'cuda', 'available'])
    """
    for match in _WORD.findall(name):
        word = match.lower()
        yield word
        yield from WORDS_FOR_TYPES.get(word, ())


def words_in(node: cst.CSTNode) -> Iterator[str]:
    """The `words` of all names and texts in an expression."""
    for each in descendants(node):
        if isinstance(each, (cst.Name, cst.SimpleString)):
            yield from words(each.value)
