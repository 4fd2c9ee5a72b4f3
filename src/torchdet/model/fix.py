"""Edits as text, and how far they may be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from torchdet.model.location import Span


class Applicability(Enum):
    """Whether a fix may be applied without a person having looked at it.

    ``SAFE`` keeps what the program does; ``UNSAFE`` is what was probably meant, but can change
    behaviour; ``DISPLAY`` is a suggestion that is only ever shown.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace the text of ``span`` by ``content``; an empty span inserts."""

    span: Span
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together: all of them are applied, or none.

    ``edits`` are sorted by their place and do not overlap.
    """

    message: str
    applicability: Applicability
    edits: tuple[TextEdit, ...]
