"""Whether edits changed the structure of a text only where they were made.

An edit is text, and text can come apart otherwise than was meant: ``c if d else e`` in place of
``b`` turns ``a + b`` into ``(a + c) if d else e``. Two trees are compared here, of the text before
and after. A node that no edit touches must stand at its new place as the same kind of node: its
text is the same, so all below it is. A node that edits touch must keep its kind, its words and its
children, but for what was written, what was replaced, and what an edit of this very node changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from torchdet.edit.offset_map import OffsetMap, Range, contains
from torchdet.edit.tree_node import ARGUMENT, Parts, TreeNode
from torchdet.model.fix import TextEdit


def first_difference(
    before: TreeNode, after: TreeNode, text: str, edits: Iterable[TextEdit]
) -> int | None:
    """Where ``after`` differs from ``before``, the tree of ``text``, though no edit asked for it.

    An offset in ``text``, or None when there is no such place. Recurses as deep as the
    trees are where edits touch them.
    """
    return _Comparison(text, OffsetMap(edits)).difference(before, after)


class _Comparison:
    def __init__(self, text: str, places: OffsetMap) -> None:
        self._text = text
        self._places = places

    def difference(self, before: TreeNode, after: TreeNode) -> int | None:
        """The offset of the first difference between two nodes that should correspond."""
        touching = self._places.touching(before.span)
        if not touching:
            same = before.kind == after.kind and after.span == self._places.inner(before.span)
            return None if same else before.span[0]
        if not contains(self._places.outer(before.span), after.span):
            return before.span[0]
        parts = before.parts()
        own = self._is_edited_itself(parts, touching)
        found: int | None = before.span[0]
        if before.kind == after.kind:
            after_parts = after.parts()
            # What is written right before an argument may be its keyword.
            if own or before.kind == ARGUMENT or parts.words == after_parts.words:
                found = self._in_children(parts, after_parts)
        if found is None or self._wraps(before, after, touching):
            return None
        return None if own and self._keeps_children(parts, after) else found

    def _is_edited_itself(self, parts: Parts, touching: range) -> bool:
        """Whether an edit lies neither in nor at a child, so that this very node may differ."""
        of_children = sorted(
            (of_child.start, of_child.stop)
            for field in parts.children
            for child in field
            if (of_child := self._of_child(child))
        )
        reached = touching.start
        for start, stop in of_children:
            if start > reached:
                return True
            reached = max(reached, stop)
        return reached < touching.stop

    def _of_child(self, child: TreeNode) -> range:
        """The changes inside ``child`` and its brackets.

        Changes do not overlap, so only the outermost of those that touch it can reach beyond.
        """
        inside = self._places.touching(child.span)
        around = self._bracketed(child) if inside else child.span
        changes = self._places.changes
        while inside and not contains(around, changes[inside[0]].old):
            inside = inside[1:]
        while inside and not contains(around, changes[inside[-1]].old):
            inside = inside[:-1]
        return inside

    def _bracketed(self, node: TreeNode) -> Range:
        """The range of ``node`` with the round brackets around it."""
        text = self._text
        start, end = node.span
        while True:
            left, right = start - 1, end
            while left >= 0 and text[left].isspace():
                left -= 1
            while right < len(text) and text[right].isspace():
                right += 1
            if left < 0 or text[left] != "(" or text[right : right + 1] != ")":
                return start, end
            start, end = left, right + 1

    def _in_children(self, before: Parts, after: Parts) -> int | None:
        """The first difference between the fields of two nodes, edited elements apart."""
        for old, new in zip(before.children, after.children, strict=True):
            kept = [node for node in old if not self._places.replaces(node.span)]
            found = [node for node in new if not self._places.wrote(node.span)]
            if len(kept) != len(found):
                # Brackets that belong to a tuple stay around what is written in its place.
                kept, found = list(old), list(new)
            if len(kept) != len(found):
                return (old or new)[0].span[0]
            for left, right in zip(kept, found, strict=True):
                difference = self.difference(left, right)
                if difference is not None:
                    return difference
        return None

    def _wraps(self, before: TreeNode, after: TreeNode, touching: range) -> bool:
        """Whether ``before`` is whole inside ``after``, with text written on both sides of it."""
        start, end = before.span
        first, last = (self._places.changes[touching[each]] for each in (0, -1))
        if (start, start) != first.old or (end, end) != last.old:
            return False
        return start != end and self._holds(after, before, strictly=True)

    def _keeps_children(self, parts: Parts, after: TreeNode) -> bool:
        """Whether ``after``, a node of another kind, holds the children that no edit replaced."""
        return all(
            self._holds(after, child)
            for field in parts.children
            for child in field
            if not self._places.replaces(child.span)
        )

    def _holds(self, above: TreeNode, node: TreeNode, *, strictly: bool = False) -> bool:
        """Whether ``node`` is found again at its place in ``above``."""
        if not strictly and self.difference(node, above) is None:
            return True
        place = self._places.inner(node.span)
        return any(
            self._holds(child, node)
            for field in above.parts().children
            for child in field
            if contains(child.span, place)
        )
