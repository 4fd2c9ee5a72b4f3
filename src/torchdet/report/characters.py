"""Makes any text fit for where it is written: a terminal, JSON, XML.

Paths and messages may hold whatever a file system or a source file holds: line breaks, ANSI
escapes, characters that turn the direction of writing, and surrogates that stand for bytes which
were not UTF-8 (``os.fsdecode``).
"""

from __future__ import annotations

import re

# Control characters, line and paragraph separators, and the characters that reorder text on
# display (https://www.unicode.org/reports/tr9/): they could forge other output.
_NOT_PRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Everything outside of Char in https://www.w3.org/TR/xml/#charsets.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(character: str) -> str:
    code = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # the byte for which os.fsdecode put this surrogate
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def printable(text: str) -> str:
    """``text`` on one line, with escapes in place of what would disturb a terminal.

    >>> printable("a\\nb\\x1b[31m")
    'a\\\\nb\\\\x1b[31m'
    """
    return _NOT_PRINTABLE.sub(lambda match: _escape(match.group()), text)


def well_formed(text: str) -> str:
    """``text`` with escapes in place of lone surrogates, which UTF-8 cannot express.

    >>> well_formed("caf\\udce9.py")
    'caf\\\\xe9.py'
    """
    return _SURROGATE.sub(lambda match: _escape(match.group()), text)


def xml_text(text: str) -> str:
    """``text`` with escapes in place of the characters that XML cannot hold in any form."""
    return _NOT_XML.sub(lambda match: _escape(match.group()), text)
