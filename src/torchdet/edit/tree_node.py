"""A syntax tree as much of it as a comparison needs, whoever parsed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torchdet.edit.offset_map import Range

ARGUMENT = "argument"
"""The kind of an argument of a call; what it says itself is the keyword."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node is made of.

    ``words`` are what it says itself: names, numbers, operators. ``children`` are the nodes below
    it that stand somewhere in the text, field by field; two nodes of one kind have equally many
    fields.
    """

    words: tuple[object, ...]
    children: tuple[tuple[TreeNode, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TreeNode:
    """A node: its kind, the range of the text that it covers, and its parts when asked for."""

    kind: str
    span: Range
    parts: Callable[[], Parts]
