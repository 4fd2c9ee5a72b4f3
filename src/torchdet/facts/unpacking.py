"""From a name that takes a part of a value to that value, and to the part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Binding


@dataclass(frozen=True, slots=True)
class Part:
    """A part of ``source``: of each thing that it yields, if ``iterated``, the one at ``path``.

    ``for i, (x, y) in pairs`` binds ``y`` to the part ``(1, 1)`` of what ``pairs`` yields.
    """

    source: cst.BaseExpression
    path: tuple[int, ...]
    iterated: bool


def unpacked_part(binding: Binding, facts: FileFacts) -> Part | None:
    """The part that an unpacking or a loop gives to ``binding``.

    None for other bindings, and for a starred target, which takes several.
    """
    path: list[int] = []
    below: cst.CSTNode = binding.node
    for above in facts.ancestors(below):
        if isinstance(above, cst.Element):
            container = facts.parent(above)
            if not isinstance(container, (cst.Tuple, cst.List)):
                return None
            position = _position(container, above)
            if position is None:
                return None
            path.append(position)
        elif isinstance(above, cst.AssignTarget):
            statement = facts.parent(above)
            value = statement.value if isinstance(statement, cst.Assign) else None
            return Part(value, tuple(reversed(path)), iterated=False) if value else None
        elif isinstance(above, (cst.For, cst.CompFor)):
            if above.target is not below:
                return None
            return Part(above.iter, tuple(reversed(path)), iterated=True)
        elif not isinstance(above, (cst.Tuple, cst.List)):
            return None
        below = above
    return None


def _position(container: cst.Tuple | cst.List, element: cst.Element) -> int | None:
    """The place of ``element``; after a starred one it counts from the end and stays unknown."""
    for position, each in enumerate(container.elements):
        if each is element:
            return position
        if isinstance(each, cst.StarredElement):
            return None
    return None
