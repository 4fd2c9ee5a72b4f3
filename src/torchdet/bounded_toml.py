"""TOML from a file that nobody has looked at: parsed in a moment, or turned down with a reason.

``tomllib`` recurses for every level of arrays and tables, and takes time with the square of the
number of parts of a dotted key. No configuration needs many of either.
"""

from __future__ import annotations

import re
import sys

_MOST_LEVELS = 50
_MOST_PARTS = 50
_MOST_DOTS = 20_000

# Strings and comments are skipped whole: brackets and dots mean nothing inside them.
_TOKEN = re.compile(
    r"""
    "{3}(?:[^"\\]|\\.|"{1,2}(?!"))*(?:"{3,5}|\\?\Z)
    | '{3}(?:[^']|'{1,2}(?!'))*(?:'{3,5}|\Z)
    | "(?:[^"\\\n]|\\.)*"?
    | '[^'\n]*'?
    | \#[^\n]*
    | [][{}.=,\n]
    """,
    re.VERBOSE | re.DOTALL,
)


class TomlError(ValueError):
    """Text that is not valid TOML, or that is out of all bounds."""


def parse_toml(text: str) -> dict[str, object]:
    """The table that the TOML ``text`` holds.

    Raises ``TomlError`` for text that is not valid, that nests more than 50 levels deep, or whose
    keys have more dots than any configuration needs.

    >>> parse_toml("a.b = [1]")
    {'a': {'b': [1]}}
    """
    if sys.version_info >= (3, 11):  # imported here: most folders hold no configuration
        import tomllib
    else:
        import tomli as tomllib

    _require_bounds(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a ValueError
        raise TomlError(f"not valid TOML: {error}") from None


def _require_bounds(text: str) -> None:
    levels = parts = dots = 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == ".":
            parts += 1
            dots += 1
            if parts > _MOST_PARTS:
                raise _out_of_bounds(text, token, f"a key of more than {_MOST_PARTS} parts")
            if dots > _MOST_DOTS:
                raise _out_of_bounds(text, token, f"more than {_MOST_DOTS} dotted keys")
        elif mark in ("[", "{"):
            levels += 1
            if levels > _MOST_LEVELS:
                reason = f"arrays or tables nested more than {_MOST_LEVELS} levels deep"
                raise _out_of_bounds(text, token, reason)
        elif mark in ("]", "}"):
            levels = max(0, levels - 1)
        if mark in ("=", ",", "\n", "[", "{"):
            parts = 0


def _out_of_bounds(text: str, token: re.Match[str], reason: str) -> TomlError:
    row = text.count("\n", 0, token.start()) + 1
    return TomlError(f"not a configuration: {reason} (line {row})")
