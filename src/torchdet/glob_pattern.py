"""Path patterns as ``.gitignore`` spells them, as regular expressions that take linear time.

A straightforward translation backtracks: ``*a*a*a*a*b`` tries every way to place the letters, which
takes minutes for one long name. Yet the pieces between two asterisks can always be placed as far to
the left as possible, and so can the folders between two ``**``. Each of them therefore becomes a
lookahead whose match is taken as it is (``(?=(…))\\1``, what Python 3.11 spells ``(?>…)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

_LONGEST = 4096  # no system has longer paths

# https://git-scm.com/docs/gitignore names fnmatch(3), whose classes are these; as ranges.
_CLASSES = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "blank": "\t\t  ",
    "cntrl": "\x00\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "xdigit": "09AFaf",
}
_NOTHING = "(?!)"
_WILDCARD = re.compile(r"[*?\[\\]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST_ALTERNATIVES = 1000


class PatternError(ValueError):
    """A pattern that can match no path; the message says why."""


@dataclass(frozen=True, slots=True)
class GlobPattern:
    """One pattern. Paths have forward slashes, and folders one at their end.

    ``include`` is false for a pattern that begins with ``!``. Where the pattern is about the last
    part of a path alone, ``name`` is the whole of that part, or ``suffix`` the end of it; every
    other pattern is a ``regex`` for the whole path, which holds ``literal`` wherever it matches.
    """

    include: bool
    folders_only: bool
    name: str | None = None
    suffix: str | None = None
    regex: str | None = None
    literal: str = ""


def parse_ignore_line(line: str) -> GlobPattern | None:
    """The pattern in one line of a ``.gitignore``; None for a comment or a blank line.

    Raises ``PatternError`` for a pattern that can match nothing.

    >>> parse_ignore_line("build/")
    GlobPattern(include=True, folders_only=True, name='build', suffix=None, regex=None, literal='')
    """
    line = _without_trailing_spaces(line)
    if not line or line.startswith("#"):
        return None
    return parse_pattern(line)


def parse_pattern(text: str) -> GlobPattern:
    """The pattern ``text``, in which ``#`` and white space have no meaning of their own.

    Raises ``PatternError`` for a pattern that can match nothing.
    """
    if len(text) > _LONGEST:
        raise PatternError(f"longer than {_LONGEST} characters")
    include = not text.startswith("!")
    body = text if include else text[1:]
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    if not body.strip("/"):
        raise PatternError("names no file or folder")
    anchored = "/" in body
    if not anchored and not _WILDCARD.search(body):
        return GlobPattern(include, folders_only, name=body)
    parts = list(_parts(body.removeprefix("/")))
    if not anchored and parts[0] == "*" and not _WILDCARD.search(body[1:]):
        return GlobPattern(include, folders_only, suffix=body[1:])
    segments = _segments(parts, anchored)
    if not anchored:
        segments = [["**"], *segments]
    regex = f"{_path_regex(segments)}{'/' if folders_only else '/?'}\\Z"
    return GlobPattern(include, folders_only, regex=regex, literal=_longest_literal(parts))


def alternatives(text: str) -> list[str]:
    """``text`` with each combination of what its braces offer, as ruff's patterns have them.

    Raises ``PatternError`` when there are too many.

    >>> alternatives("{tests,docs}/*")
    ['tests/*', 'docs/*']
    """
    done: list[str] = []
    waiting = [text]
    while waiting:
        pattern = waiting.pop()
        braces = _BRACES.search(pattern)
        if braces is None:
            done.append(pattern)
            continue
        choices = braces[1].split(",")
        before, after = pattern[: braces.start()], pattern[braces.end() :]
        waiting += [f"{before}{choice}{after}" for choice in reversed(choices)]
        if len(done) + len(waiting) > _MOST_ALTERNATIVES:
            raise PatternError(f"its braces offer more than {_MOST_ALTERNATIVES} combinations")
    return done


def _without_trailing_spaces(line: str) -> str:
    """``line`` without the spaces at its end that no backslash escapes."""
    bare = line.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if backslashes % 2 and bare != line else bare


def _parts(body: str) -> Iterator[str]:
    """``*`` for an asterisk, ``**`` for several, ``/``, ``\\/``, or a regex for one character."""
    at = 0
    while at < len(body):
        character = body[at]
        if character == "*":
            after = at
            while body[after : after + 1] == "*":
                after += 1
            yield "*" if after == at + 1 else "**"
            at = after
        elif character == "[":
            regex, at = _bracket(body, at)
            yield regex
        elif character == "\\":
            if at + 1 == len(body):
                raise PatternError("ends in a backslash that escapes nothing")
            yield "\\/" if body[at + 1] == "/" else re.escape(body[at + 1])
            at += 2
        else:
            yield {"?": "[^/]", "/": "/"}.get(character) or re.escape(character)
            at += 1


def _longest_literal(parts: Iterable[str]) -> str:
    """The longest run of characters in ``parts`` that each stand for themselves."""
    runs = [""]
    for part in parts:
        if part != "*" and (len(part) == 1 or (len(part) == 2 and part[0] == "\\")) and part != "/":
            runs[-1] += part[-1]
        else:
            runs.append("")
    return max(runs, key=len)


def _bracket(body: str, start: int) -> tuple[str, int]:
    """The regex for the bracket expression at ``start``, and where it ends."""
    at = start + 1
    negated = body[at : at + 1] in ("!", "^")
    at += negated
    first = at
    ranges: list[tuple[str, str]] = []
    previous: str | None = None  # what a hyphen can begin a range from
    while at == first or body[at : at + 1] != "]":
        character, after = _member(body, at, start)
        if character.startswith("[:"):
            pairs = _CLASSES.get(character[2:-2])
            if pairs is None:
                raise PatternError(f"{character!r} is no class of characters")
            ranges += zip(pairs[::2], pairs[1::2], strict=True)
            previous = None
        elif body[at] == "-" and previous is not None and body[after : after + 1] not in ("", "]"):
            last, after = _escaped(body, after, start)
            ranges.append((previous, last))
            previous = None
        else:
            ranges.append((character, character))
            previous = character
        at = after
    listed = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high)
    if negated:
        return f"[^/{listed}]", at + 1
    return (f"(?!/)[{listed}]" if listed else _NOTHING), at + 1


def _member(body: str, at: int, start: int) -> tuple[str, int]:
    """The character or ``[:class:]`` at ``at``, and where it ends."""
    if body.startswith("[:", at):
        close = body.find("]", at + 2)
        if close < 0:
            raise _unclosed(body, start)
        if close > at + 2 and body[close - 1] == ":":
            return body[at : close + 1], close + 1
    return _escaped(body, at, start)


def _escaped(body: str, at: int, start: int) -> tuple[str, int]:
    """The character at ``at``, or the one after the backslash there, and where it ends."""
    at += body[at : at + 1] == "\\"
    if at >= len(body):
        raise _unclosed(body, start)
    return body[at], at + 1


def _unclosed(body: str, start: int) -> PatternError:
    return PatternError(f"the bracket at {body[start : start + 10]!r} is never closed")


def _segments(parts: Sequence[str], anchored: bool) -> list[list[str]]:
    """The parts of a path, with ``["**"]`` for any number of them."""
    segments: list[list[str]] = [[]]
    for part in parts:
        if part in ("/", "\\/"):
            if segments[-1] == ["**"] and part == "\\/":
                segments.append(["*"])  # git: an escaped slash after "**" needs a folder
            segments.append([])
        else:
            segments[-1].append(part)
    return [
        segment
        if anchored and segment == ["**"]
        else ["*" if part == "**" else part for part in segment]
        for segment in segments
    ]


def _path_regex(segments: Sequence[Sequence[str]]) -> str:
    """The regex for a whole path, from its start, without what ends it."""
    names = (f"g{number}" for number in count())
    runs: list[list[str]] = [[]]
    for before, segment in zip([None, *segments], segments, strict=False):
        if segment != ["**"]:
            runs[-1].append(_segment_regex(segment, names))
        elif before != ["**"]:
            runs.append([])
    first, *later = runs
    if not later:
        return "/".join(first)
    *between, last = later
    regex = "".join(f"{part}/" for part in first)
    for run in between:
        regex += _atomic(f"(?:[^/]+/)*?{''.join(f'{part}/' for part in run)}", names)
    return regex + ("(?:[^/]+/)*" + "/".join(last) if last else "(?s:.+)")


def _segment_regex(segment: Sequence[str], names: Iterator[str]) -> str:
    """The regex for one part of a path."""
    pieces: list[str] = [""]
    for before, part in zip([None, *segment], segment, strict=False):
        if part != "*":
            pieces[-1] += part
        elif before != "*":
            pieces.append("")
    first, *later = pieces
    if not later:
        return first or _NOTHING
    if not any(pieces):
        return "[^/]+"
    *between, last = later
    atoms = "".join(_atomic(f"[^/]*?{piece}", names) for piece in between)
    return f"{first}{atoms}[^/]*{last}"


def _atomic(regex: str, names: Iterator[str]) -> str:
    """``regex``, whose first match is final."""
    name = next(names)
    return f"(?=(?P<{name}>{regex}))(?P={name})"
