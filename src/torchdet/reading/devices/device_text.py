"""What a text or a name says about devices.

`device_text` reads the spelling of a device: `"cuda"`, `f"cuda:{rank}"`, `"cuda:" + str(rank)`.
`words` reads what identifiers speak of: `MPSAccelerator`, `move_to_cuda`, `"nccl"`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.facts.screen import Mention, Outline
from torchdet.facts.walk import descendants
from torchdet.torch_api.device_types import ACCELERATOR_TYPES, WORDS_FOR_TYPES

ACCELERATOR_TRIGGERS = tuple(
    quote + kind.encode() for kind in ACCELERATOR_TYPES for quote in (b"'", b'"')
)
"""The beginnings of the literals that name one."""

_HOLE = "\0"  # stands for what is only known at run time
_DEVICE = re.compile(r"([a-z]+)(:(?:[0-9]+|\0)?)?")
# A quick look at the source of a string, so that other strings are never evaluated.
_MAY_BE_DEVICE = re.compile(r"""[rRuUfF]*['"]{1,3}[a-z]{3,13}(?::|['"])""")
_FORMAT_FIELD = re.compile(r"%[dis]|\{[^{}]*\}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True)
class DeviceText:
    """The device that a piece of text names; ``indexed`` is whether it says which one."""

    type: str
    indexed: bool

    @property
    def is_accelerator(self) -> bool:
        """Whether it names an accelerator; the CPU and ``meta`` are none."""
        return self.type in ACCELERATOR_TYPES


def device_text(node: cst.CSTNode) -> DeviceText | None:
    """The device that a string literal or an f-string spells, or None.

    The literal may lack its index where the rest of the expression adds it, as the ``"cuda:"`` of
    ``"cuda:" + str(rank)`` and the ``"cuda:%d"`` of ``"cuda:%d" % rank`` do.

    >>> device_text(cst.parse_expression('f"cuda:{rank}"'))
    DeviceText(type='cuda', indexed=True)
    >>> device_text(cst.parse_expression('"cuda_kernels"')) is None
    True
    """
    skeleton = _skeleton(node)
    match = _DEVICE.fullmatch(skeleton) if skeleton is not None else None
    if match is None or (match[1] not in ACCELERATOR_TYPES and match[1] != "cpu"):
        return None
    return DeviceText(match[1], match[2] is not None)


def mentions_accelerator(outline: Outline) -> bool:
    """Whether a string of a file may spell an accelerator, as far as its outline tells."""
    return any(_begins_with_type(mention, ACCELERATOR_TYPES) for mention in outline.strings)


def mentions_of_cpu(outline: Outline) -> list[Mention]:
    """The strings that may spell the CPU."""
    return [mention for mention in outline.strings if _begins_with_type(mention, ("cpu",))]


def _begins_with_type(mention: Mention, types: Collection[str]) -> bool:
    text = mention.node.value if isinstance(mention.node, ast.Constant) else None
    return isinstance(text, str) and text.partition(":")[0] in types


def accelerator_literals(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """The literals in ``node`` that spell an accelerator, in the order of the text."""
    for each in descendants(node):
        if isinstance(each, (cst.SimpleString, cst.FormattedString)):
            text = device_text(each)
            if text is not None and text.is_accelerator:
                yield each


def _skeleton(node: cst.CSTNode) -> str | None:
    """The text of a string with a hole for each part that is only known at run time."""
    if isinstance(node, cst.SimpleString):
        if _MAY_BE_DEVICE.match(node.value) is None:
            return None
        value = string_value(node)
        return _FORMAT_FIELD.sub(_HOLE, value) if value is not None else None
    if isinstance(node, cst.FormattedString):
        return "".join(
            part.value if isinstance(part, cst.FormattedStringText) else _HOLE
            for part in node.parts
        )
    return None


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
