"""Fixes applied to text; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torchdet.model.fix import Fix, TextEdit


@dataclass(frozen=True, slots=True)
class Applied:
    """The text with ``applied`` fixes in it; the ``skipped`` ones overlapped an earlier one."""

    text: str
    applied: tuple[Fix, ...]
    skipped: tuple[Fix, ...]


def apply_fixes(text: str, fixes: Sequence[Fix]) -> Applied:
    """Apply ``fixes`` to ``text``, in the order given, each as a whole or not at all.

    A fix that overlaps one applied before it is skipped, and can be found again in the result.
    Characters that no edit touches stay as they are. Two insertions at one place stand in the
    order in which they were given.
    """
    applied: list[Fix] = []
    skipped: list[Fix] = []
    edits: list[TextEdit] = []
    for fix in fixes:
        if any(_overlap(edit, other) for edit in fix.edits for other in edits):
            skipped.append(fix)
        else:
            applied.append(fix)
            edits.extend(fix.edits)
    pieces: list[str] = []
    end = 0
    for edit in sorted(edits, key=lambda e: (e.span.start.offset, e.span.end.offset)):
        pieces += (text[end : edit.span.start.offset], edit.content)
        end = edit.span.end.offset
    pieces.append(text[end:])
    return Applied("".join(pieces), tuple(applied), tuple(skipped))


def _overlap(left: TextEdit, right: TextEdit) -> bool:
    """Whether two edits touch the same characters; the same replacement twice does too."""
    first, second = left.span, right.span
    return (first.start.offset < second.end.offset and second.start.offset < first.end.offset) or (
        first == second and left.content == right.content
    )
