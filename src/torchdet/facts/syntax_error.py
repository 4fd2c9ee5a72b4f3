"""Where and why LibCST's parser refused a text.

Its parser tells the end of the token that it did not expect, white space included, with dozens
of tokens that it did; its tokenizer tells no place at all. Both are worked out again here, and
without Python's own parser, so that a report does not depend on the Python that made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from torchdet.facts.tokens import TOKEN
from torchdet.model.source import SourceText

_PARSER = re.compile(r"parser error: error at (\d+):(\d+): expected (?:one of )?(.+)", re.DOTALL)
_TOKENIZER = re.compile(r"tokenizer error: (.+)", re.DOTALL)
_BAD_CHARACTER = re.compile(r"'(.+)' is not a valid character", re.DOTALL)
_LEADING_ZERO = re.compile(r"0[0-9_]*[1-9]\w*")
_LONGEST_TOKEN = 40
_TAB = 8  # columns, as in Python's reference, which demands that blocks agree for 1 as well
_MOST_INDENTS = 100


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """A reason in words, and the offset of what is wrong."""

    reason: str
    offset: int


def explain(error: cst.ParserSyntaxError, source: SourceText) -> SyntaxFault:
    """Place and reason of ``error``, which parsing ``source`` raised."""
    match = _PARSER.search(error.message)
    if match is not None:
        return _unexpected_token(int(match[1]), int(match[2]), match[3], source)
    match = _TOKENIZER.search(error.message)
    reason = match[1] if match is not None else error.message
    return SyntaxFault(reason, next(_tokenizer_places(reason, source.text), 0))


def _unexpected_token(row: int, column: int, expected: str, source: SourceText) -> SyntaxFault:
    if row > source.row_count:
        row, column = source.row_count, len(source.line(source.row_count))
    before = source.line(row)[:column]
    end = source.offset(row, len(before) + 1)
    if before and not before.strip() and "EOF" in expected.split(", "):
        return SyntaxFault("unexpected indentation", end)
    last = None
    for match in TOKEN.finditer(source.text, 0, end):
        if match["end"] in {None, ";"} and match[0][0] not in "#\\":
            last = match
    if last is None:
        return SyntaxFault("unexpected end of the file", end)
    if expected == "INDENT":
        return SyntaxFault("expected an indented block", last.start())
    token = last[0].splitlines()[0]
    shown = token if len(token) <= _LONGEST_TOKEN else f"{token[:_LONGEST_TOKEN]}..."
    return SyntaxFault(f"invalid syntax at `{shown}`", last.start())


def _tokenizer_places(reason: str, text: str) -> Iterator[int]:
    """Offsets at which the tokenizer may have stopped for ``reason``, the likeliest first."""
    if "indent" in reason or "dedent" in reason or "tabs and spaces" in reason:
        yield from _bad_indentations(text)
        return
    bad_character = _BAD_CHARACTER.search(reason)
    f_strings = []
    for match in TOKEN.finditer(text):
        token = match[0]
        if "unterminated" in reason:
            if token in {"'", '"'}:
                yield match.start()
            elif "f" in (match["prefix"] or "").lower() and token.count("{") > token.count("}"):
                f_strings.append(match.start())
        elif bad_character is not None:
            if token == bad_character[1]:
                yield match.start()
        elif token[0] == "\\" or _LEADING_ZERO.fullmatch(token):
            yield match.start()
    yield from f_strings


def _bad_indentations(text: str) -> Iterator[int]:
    """The offset of the first statement whose indentation fits no block around it."""
    blocks = [(0, 0)]
    for start, white in _statement_starts(text):
        columns = (len(white.expandtabs(_TAB)), len(white))
        dedents = columns[0] < blocks[-1][0]
        while columns[0] < blocks[-1][0]:
            blocks.pop()
        if columns != blocks[-1]:
            deeper = columns[0] > blocks[-1][0] and columns[1] > blocks[-1][1]
            if dedents or not deeper or len(blocks) == _MOST_INDENTS:
                yield start
                return
            blocks.append(columns)


def _statement_starts(text: str) -> Iterator[tuple[int, str]]:
    """Where the first statement of each logical line starts, with the white space before it."""
    brackets = line = 0
    fresh = True
    for match in TOKEN.finditer(text):
        newline = match["end"] not in {None, ";"}
        if newline and not brackets:
            fresh, line = True, match.end()
        elif not newline and match[0][0] != "#":
            if fresh:
                yield match.start(), text[line : match.start()].rpartition("\f")[2]
            fresh = False
            if match["open"]:
                brackets += 1
            elif match["close"] and brackets:
                brackets -= 1
