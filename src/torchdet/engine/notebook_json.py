"""Find the sources of cells in a notebook's JSON, so that edits change nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecoder
from typing import NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder()


class JsonSpan(NamedTuple):
    """The text of one value: from ``start`` up to, not including, ``end``."""

    start: int
    end: int


def source_spans(text: str) -> list[JsonSpan | None]:
    """The span of the ``source`` of each cell, in their order; None for a cell without one.

    ``text`` is a notebook of format 4, which nbformat has read before.
    """
    for key, at in _members(text, _after_space(text, 0)):
        if key == "cells":
            return [
                next(
                    (_span(text, begin) for key, begin in _members(text, cell) if key == "source"),
                    None,
                )
                for cell in _items(text, at)
            ]
    return []


def value_at(text: str, span: JsonSpan) -> str | None:
    """The text that the value at ``span`` means: a string, or a list of its lines."""
    value = json.loads(text[span.start : span.end])
    lines = value if isinstance(value, list) else [value]
    return "".join(lines) if all(isinstance(line, str) for line in lines) else None


def rows_of_lines(text: str, span: JsonSpan) -> tuple[int, ...]:
    """The one-based row of ``text`` in which each line of the source at ``span`` begins."""
    is_list = text[span.start] == "["
    rows: list[int] = []
    row, counted, ended = 1, 0, True
    for at in _items(text, span.start) if is_list else (span.start,):
        row += text.count("\n", counted, at)
        counted = at
        line, _ = _DECODER.raw_decode(text, at)
        for part in line.splitlines(keepends=True):
            if ended:
                rows.append(row)
            ended = part.endswith(("\n", "\r"))
    return tuple(rows or [row])


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that begins at ``at``, and where the value of each begins."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        begin = _after_space(text, _after_space(text, at) + 1)  # past the colon
        yield key, begin
        at = _after_value(text, begin)


def _items(text: str, at: int) -> Iterator[int]:
    """Where each item of the array that begins at ``at`` begins."""
    at = _after_space(text, at + 1)
    while text[at] != "]":
        yield at
        at = _after_value(text, at)


def _after_value(text: str, begin: int) -> int:
    """The place of the next key or item, or of the bracket that ends them."""
    at = _after_space(text, _span(text, begin).end)
    return _after_space(text, at + 1) if text[at] == "," else at


def _span(text: str, begin: int) -> JsonSpan:
    return JsonSpan(begin, _DECODER.raw_decode(text, begin)[1])


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def written_like(before: str, source: str) -> str:
    """``source`` as JSON, laid out as ``before``: the text of the value whose place it takes."""
    ascii_only = before.isascii() and "\\u" in before
    if before.startswith('"'):
        return json.dumps(source, ensure_ascii=ascii_only)
    opening = _SPACE.match(before, 1)
    gap = opening.group() if opening is not None else ""
    closing = before[: before.rindex("]")]
    last_gap = closing[len(closing.rstrip(" \t\r\n")) :] if gap else ""
    lines = [json.dumps(line, ensure_ascii=ascii_only) for line in _lines(source)]
    separator = f",{gap or ' '}"
    return f"[{gap}{separator.join(lines)}{last_gap}]" if lines else "[]"


def _lines(source: str) -> list[str]:
    """The lines of ``source`` with their ends, as nbformat splits them."""
    return source.splitlines(keepends=True)
