"""A rough tokenizer in one regular expression: right about strings and comments, never failing.

It takes any text, valid or not, and gives every character but white space to some token. Names
of groups say what a token is; comments, numbers, names and joined lines have none.
"""

from __future__ import annotations

import re

STRING = (
    r'"(?:""(?:[^"\\]|\\.|"(?!""))*"""|(?!"")(?:[^"\\\n\r]|\\.)*")'
    r"|'(?:''(?:[^'\\]|\\.|'(?!''))*'''|(?!'')(?:[^'\\\n\r]|\\.)*')"
)
"""A complete string literal without its prefix; needs ``re.DOTALL``."""

COMMENT = r"#[^\n\r]*"
JOINED_LINE = r"\\\r?\n|\\\r"

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
