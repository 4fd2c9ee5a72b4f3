"""How deeply source text nests, worked out before LibCST's parser sees it.

The parser is native code. Measured with LibCST 1.8: 5,000 brackets end the process by overflowing
its stack, 1,000 nested calls take 2 GB, a chain of 5,000 calls takes minutes, and a ``case``
pattern takes four times longer with each bracket around it. Text beyond the limits here is
refused with its place instead; they lie far above what people write, and for brackets where
Python's own tokenizer has its limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.facts.tokens import COMMENT, JOINED_LINE, STRING, TOKEN

MAX_BRACKETS = 200
"""Brackets inside each other; Python allows as many."""

MAX_LINKS = 1000
"""Operators, attributes, calls and subscripts in one expression, not counting those inside its
brackets; commas part expressions."""

MAX_TOTAL = 4000
"""Brackets and links on the way from a statement to its innermost expression."""

MAX_STRINGS = 3000
"""String literals that stand side by side and are one; LibCST rejects more as invalid."""

MAX_PATTERN_BRACKETS = 8
"""Brackets inside each other in a ``case`` pattern; the parser takes a second at this depth."""

MAX_DELETION_BRACKETS = 16
"""Brackets inside each other in the targets of ``del``."""

_NO_STRUCTURE = re.compile(rf"\w+[ \t]*|[ \t\f]+|{JOINED_LINE}|{COMMENT}|{STRING}", re.DOTALL)
_INNERMOST = re.compile(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}")
_BRACKET = re.compile(r"[()\[\]{}]")
_SPECIAL_STATEMENT = re.compile(r"^[ \t\f]*(?:case|del)\b", re.MULTILINE)
# A shorter f-string holds too little to nest beyond any limit.
_SHORT_F_STRING = 300
_LONG_F_STRING = re.compile(
    rf"""\b(?:[fFtT][rR]?|[rR][fFtT])(?:"[^"\n\r]{{{_SHORT_F_STRING}}}|'[^'\n\r]{{{_SHORT_F_STRING}}}"""
    rf"""|"{{3}}[^"]{{{_SHORT_F_STRING}}}|'{{3}}[^']{{{_SHORT_F_STRING}}})"""
)


class NestingError(ValueError):
    """The text nests deeper than the parser can bear, at ``offset``."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


def check_nesting(text: str) -> None:
    """Raise ``NestingError`` where ``text`` nests deeper than the limits of this module.

    Takes about a fiftieth of the time that parsing takes. Invalid Python passes, unless it is
    too deep as well.
    """
    if _may_be_deep(text):
        _measure(text, 0)
    for match in _SPECIAL_STATEMENT.finditer(text):
        _measure_statement(text, match)


def _may_be_deep(text: str) -> bool:
    """A quick look that takes brackets away from the inside out; sure when it says no."""
    code = _NO_STRUCTURE.sub("a", text)
    expressions: list[str] = []
    depth = 0
    while inner := _INNERMOST.findall(code):
        expressions += inner
        code = _INNERMOST.sub("a", code)
        depth += 1
        if depth > MAX_BRACKETS:
            return True
    if _BRACKET.search(code) is not None:
        return True
    expressions.append(code.replace("\n", ",").replace("\r", ",").replace(";", ","))
    longest = min(MAX_LINKS, MAX_TOTAL // (depth + 1) - 1)
    if re.search(rf"[^,]{{{longest}}}", ",".join(expressions)) is not None:
        return True
    in_strings = sum(text.count(bracket) for bracket in "([{") - len(expressions)
    return in_strings > MAX_BRACKETS and _LONG_F_STRING.search(text) is not None


def _measure(text: str, base: int) -> None:
    """The exact count, for texts that may be deep. ``base`` is the offset of ``text``."""
    links = [0]  # for each open bracket, and for the statement: links of the current expression
    total = 0  # the sum of ``links``
    strings = 0
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        offset = base + match.start()
        if kind == "string":
            strings += 1
            if strings > MAX_STRINGS:
                raise NestingError(f"more than {MAX_STRINGS} string literals side by side", offset)
            _measure_f_string(match, base)
            continue
        if kind is not None and kind != "end":
            strings = 0
        if kind == "open":
            links.append(0)
        elif kind == "close" and len(links) > 1:
            total -= links.pop()
        if kind in {"close", "operator", "keyword"}:
            links[-1] += 1
            total += 1
        elif kind == "comma" or (kind == "end" and len(links) == 1):
            total -= links[-1]
            links[-1] = 0
            strings = 0
        _check(len(links) - 1, links[-1], total, offset)


def _check(brackets: int, links: int, total: int, offset: int) -> None:
    if brackets > MAX_BRACKETS:
        raise NestingError(
            f"nested more than {MAX_BRACKETS} brackets deep, which Python refuses too", offset
        )
    if links > MAX_LINKS:
        raise NestingError(f"more than {MAX_LINKS} operators or calls in one expression", offset)
    if total + brackets > MAX_TOTAL:
        raise NestingError(f"an expression nested more than {MAX_TOTAL} levels deep", offset)


def _measure_f_string(match: re.Match[str], base: int) -> None:
    prefix = match["prefix"]
    if prefix is None or not {"f", "t"} & set(prefix.lower()):
        return
    if match.end() - match.start() > _SHORT_F_STRING:
        for start, end in _replacement_fields(match[0]):
            _measure(match[0][start:end], base + match.start() + start)


def _replacement_fields(literal: str) -> Iterator[tuple[int, int]]:
    """Where the code in the braces of an f-string stands; nested braces belong to the outer."""
    depth = start = 0
    position = 0
    while position < len(literal):
        character = literal[position]
        if depth == 0 and literal[position : position + 2] in {"{{", "}}"}:
            position += 1
        elif character == "{":
            depth += 1
            if depth == 1:
                start = position + 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                yield start, position
        position += 1
    if depth:
        yield start, len(literal)


def _measure_statement(text: str, statement: re.Match[str]) -> None:
    """Brackets of the one statement that starts as ``statement``: a ``case`` or a ``del``."""
    pattern = statement[0].endswith("case")
    limit = MAX_PATTERN_BRACKETS if pattern else MAX_DELETION_BRACKETS
    depth = 0
    for match in TOKEN.finditer(text, statement.end()):
        if match["open"]:
            depth += 1
            if depth > limit:
                what = "a pattern" if pattern else "the targets of a `del`"
                raise NestingError(f"{what} nested more than {limit} brackets deep", match.start())
        elif match["close"]:
            depth -= 1
        elif depth <= 0 and (match["end"] or match[0] == ":"):
            return
