"""What a fix changes, as removed and added rows; computed from the edits and their rows alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from torchdet.model.fix import Fix, TextEdit

_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Rows that follow each other: ``removed`` gives way to ``added``.

    ``row`` is the first removed row, ``new_row`` the first added one, counted in the new text.
    """

    row: int
    new_row: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


def fix_hunks(fix: Fix, lines: Mapping[int, str]) -> tuple[Hunk, ...] | None:
    """The hunks of ``fix``, in the order of the file; None when ``lines`` lacks a row of them."""
    hunks = []
    moved = 0
    for edits in _by_rows(fix.edits):
        rows = range(edits[0].span.start.row, max(edit.span.end.row for edit in edits) + 1)
        if any(row not in lines for row in rows):
            return None
        old = [lines[row] for row in rows]
        hunk = _trimmed(rows.start, moved, old, _NEWLINE.split(_applied(edits, rows.start, old)))
        if hunk.removed or hunk.added:
            hunks.append(hunk)
        moved += len(hunk.added) - len(hunk.removed)
    return tuple(hunks)


def _by_rows(edits: Iterable[TextEdit]) -> Iterable[Sequence[TextEdit]]:
    """Groups of edits that share rows."""
    groups: list[list[TextEdit]] = []
    last_row = 0
    for edit in edits:
        if groups and edit.span.start.row <= last_row:
            groups[-1].append(edit)
        else:
            groups.append([edit])
        last_row = max(last_row, edit.span.end.row)
    return groups


def _applied(edits: Iterable[TextEdit], first_row: int, old: Sequence[str]) -> str:
    """The rows ``old`` after ``edits``, joined by newlines."""
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line) + 1)
    text = "\n".join(old)
    pieces: list[str] = []
    done = 0
    for edit in edits:
        begin, end = (
            starts[place.row - first_row] + place.column - 1
            for place in (edit.span.start, edit.span.end)
        )
        pieces += (text[done:begin], edit.content)
        done = end
    return "".join((*pieces, text[done:]))


def _trimmed(row: int, moved: int, old: Sequence[str], new: Sequence[str]) -> Hunk:
    """The hunk without the rows that are equal at its beginning and end."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
    return Hunk(row + head, row + head + moved, tuple(removed), tuple(added))
