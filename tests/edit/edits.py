"""Edits written down inside of a text: the old part, an arrow and the new part in brackets."""

from __future__ import annotations

import re

from torchdet.model.fix import TextEdit
from torchdet.model.location import Span
from torchdet.model.source import SourceText

_EDIT = re.compile(r"⟦(.*?)→(.*?)⟧", re.DOTALL)


def read_edits(marked: str) -> tuple[str, str, list[TextEdit]]:
    """The text before and after the edits that ``marked`` holds, and those edits.

    >>> read_edits("x = ⟦a→b⟧")[:2]
    ('x = a', 'x = b')
    """
    before = _EDIT.sub(lambda match: match[1], marked)
    after = _EDIT.sub(lambda match: match[2], marked)
    source = SourceText(before)
    edits = []
    dropped = 0
    for match in _EDIT.finditer(marked):
        start = match.start() - dropped
        end = start + len(match[1])
        dropped += len(match[0]) - len(match[1])
        edits.append(TextEdit(Span(source.location(start), source.location(end)), match[2]))
    return before, after, edits
