"""Makes any text fit for where it is written: a terminal or a log, JSON, XML.

Paths, messages and source code may hold whatever a file system or a file holds: line breaks, ANSI
escapes, characters that turn the direction of writing or that nobody sees, surrogates that stand
for bytes which were not UTF-8 (``os.fsdecode``), and what a CI service takes for a command. All
that torchdet prints goes through this module.
"""

from __future__ import annotations

import json
import re
import unicodedata

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Control and format characters, surrogates, line and paragraph separators. The categories say less
# than ``str.isprintable``, which also turns down private characters and wide spaces.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# GitHub's runner obeys a line that begins with "::", after white space too, and "##[…]" anywhere in
# a line (ActionCommand.cs); Azure's agent obeys "##vso[…]".
_AT_START = re.compile(r"\s*::")
COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)
"""The first character of what a CI service obeys wherever it stands in a line."""

# Everything outside of Char in https://www.w3.org/TR/xml/#charsets. The class of what is inside
# takes a hundred times as long to compile.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# In the output of json.dumps: what is no lone surrogate comes first, so that it is passed over.
_JSON_SURROGATE = re.compile(
    r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\u(?P<lone>d[89a-f][0-9a-f]{2})"
)


def _escape(character: str) -> str:
    code = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # the byte for which os.fsdecode put this surrogate
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def printable(text: str) -> str:
    """``text`` on one line, with escapes in place of what would disturb a terminal or a log.

    >>> printable("a\\nb\\x1b[31m")
    'a\\\\nb\\\\x1b[31m'
    >>> printable("::error::")
    '\\\\x3a:error::'
    """
    if not text.isprintable():
        text = "".join(
            character
            if character.isprintable() or unicodedata.category(character) not in _UNPRINTABLE
            else _escape(character)
            for character in text
        )
    if _AT_START.match(text):
        text = text.replace(":", _escape(":"), 1)
    return COMMAND.sub(r"\\x23", text)


def json_text(value: object, *, indent: int | None = 2) -> str:
    """``value`` as JSON in ASCII, ended by a newline.

    Strings keep what they hold, but for lone surrogates: UTF-8 cannot express them, so that most
    readers turn them down.

    >>> print(json_text(["caf\\udce9.py"], indent=None), end="")
    ["caf\\\\xe9.py"]
    """
    text = _JSON_SURROGATE.sub(_json_escape, json.dumps(value, indent=indent))
    return COMMAND.sub(r"\\u0023", text) + "\n"


def _json_escape(match: re.Match[str]) -> str:
    lone = match["lone"]
    return match.group() if lone is None else f"\\{_escape(chr(int(lone, 16)))}"


def xml_text(text: str) -> str:
    """``text`` with escapes in place of the characters that XML cannot hold in any form."""
    return _NOT_XML.sub(lambda match: _escape(match.group()), text)
