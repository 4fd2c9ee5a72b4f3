"""A rough tokenizer in one regular expression: right about strings and comments, never failing.

It takes any text, valid or not, and gives every character but white space to some token. Names
of groups say what a token is; comments, numbers, names and joined lines have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

STRING = (
    r'"(?:""(?:[^"\\]|\\.|"(?!""))*"""|(?!"")(?:[^"\\\n\r]|\\.)*")'
    r"|'(?:''(?:[^'\\]|\\.|'(?!''))*'''|(?!'')(?:[^'\\\n\r]|\\.)*')"
)
"""A complete string literal without its prefix; needs ``re.DOTALL``."""

COMMENT = r"#[^\n\r]*"
JOINED_LINE = r"\\\r?\n|\\\r"

_F_STRING = r"\b(?:[fFtT][rR]?|[rR][fFtT])(?P<quote>\"{3}|'{3}|\"|')"
_COMMENT_OR_STRING = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<f_string>{_F_STRING})|(?:{STRING})", re.DOTALL
)
_JOIN = re.compile(
    rf"{COMMENT}|(?P<joined_line>{JOINED_LINE})|(?P<f_string>{_F_STRING})|(?P<string>{STRING})",
    re.DOTALL,
)
_IN_FIELD = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<f_string>{_F_STRING})|(?:{STRING})"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<colon>:)",
    re.DOTALL,
)

TOKEN = re.compile(
    r"(?P<keyword>\b(?:and|await|else|for|if|in|is|lambda|not|or)\b)"
    rf"|(?P<string>(?P<prefix>\b[A-Za-z]{{1,2}})?(?:{STRING}))"
    rf"|{COMMENT}|{JOINED_LINE}|[0-9][\w.]*|\w+"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)|(?P<end>;|\r\n|[\n\r])"
    r"|(?P<operator>\*\*|//|<<|>>|->|<>|[<>=!:]=|\S)",
    re.DOTALL,
)
"""``keyword`` are the words that nest expressions; ``end`` ends a simple statement outside of
brackets; a quote that no string closes is an ``operator``."""


def comments(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the comments in ``text``; what looks like one inside a string is none.

    Nor is one that Python 3.12 allows inside the braces of an f-string.

    >>> list(comments("x = '# no'  # yes"))
    [(12, 17)]
    """
    position = 0
    while (match := _COMMENT_OR_STRING.search(text, position)) is not None:
        position = match.end()
        if match["comment"] is not None:
            yield match.span()
        elif match["f_string"] is not None:
            position = _end_of_f_string(text, position, match["quote"])


def joins(text: str) -> Iterator[tuple[int, int]]:
    r"""The spans of what joins rows: strings of several rows, and backslashes at a row's end.

    No comment can stand at the end of a row that ends in one of them.

    >>> list(joins("x = 1 + \\\n    2"))
    [(8, 10)]
    """
    position = 0
    while (match := _JOIN.search(text, position)) is not None:
        start, position = match.span()
        if match["f_string"] is not None:
            position = _end_of_f_string(text, position, match["quote"])
        elif match["string"] is None and match["joined_line"] is None:
            continue
        if "\n" in text[start:position] or "\r" in text[start:position]:
            yield start, position


def _end_of_f_string(text: str, position: int, quote: str) -> int:
    """Where the f-string ends whose content begins at ``position``.

    Since Python 3.12 the expressions in it may hold strings in the same quotes.
    """
    line_end = "" if len(quote) == 3 else r"|[\n\r]"
    part = re.compile(rf"\\.|\{{\{{|(?P<field>\{{)|(?P<end>{quote}{line_end})", re.DOTALL)
    while (match := part.search(text, position)) is not None:
        position = match.end()
        if match["end"] is not None:
            return position
        if match["field"] is not None:
            position = _end_of_field(text, position)
    return len(text)


def _end_of_field(text: str, position: int) -> int:
    """Where the replacement field ends whose expression begins at ``position``."""
    depth = 0
    while (match := _IN_FIELD.search(text, position)) is not None:
        position = match.end()
        if match["f_string"] is not None:
            position = _end_of_f_string(text, position, match["quote"])
        elif match["open"] is not None:
            depth += 1
        elif match["close"] is not None:
            if depth == 0:
                return position
            depth -= 1
        elif match["colon"] is not None and depth == 0:
            return _end_of_format(text, position)
    return len(text)


def _end_of_format(text: str, position: int) -> int:
    """Where the replacement field ends whose format specification begins at ``position``."""
    while (match := re.compile(r"[{}\n\r]").search(text, position)) is not None:
        position = match.end()
        if match.group() != "{":
            return position
        position = _end_of_field(text, position)
    return len(text)
