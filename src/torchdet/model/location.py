"""Places in a file."""

from __future__ import annotations

from typing import NamedTuple


class Location(NamedTuple):
    """A place: one-based ``row`` and ``column``, and the ``offset`` in characters of the text."""

    row: int
    column: int
    offset: int


class Span(NamedTuple):
    """The text from ``start`` up to, not including, ``end``."""

    start: Location
    end: Location
