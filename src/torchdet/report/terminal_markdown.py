"""Markdown as a terminal shows it: headings, code and emphasis in colour, without their marks."""

from __future__ import annotations

import re

from torchdet.report.ansi import BOLD, CYAN, Paint

_HEADING = re.compile(r"#+ (?P<title>.*)")
_MARKED = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*")


def terminal_markdown(markdown: str) -> str:
    """``markdown`` with colours; its line breaks stay, and code blocks are indented.

    >>> terminal_markdown("# Fix safety\\n")
    '\\x1b[1mFix safety\\x1b[0m\\n'
    """
    paint = Paint(colour=True)
    lines = []
    in_code = False
    for line in markdown.splitlines():
        heading = _HEADING.fullmatch(line)
        if line.startswith("```"):
            in_code = not in_code
        elif in_code:
            lines.append(paint(f"    {line}".rstrip(), CYAN) if line else "")
        elif heading is not None:
            lines.append(paint(heading["title"], BOLD))
        else:
            lines.append(_MARKED.sub(lambda found: _painted(found, paint), line))
    return "".join(f"{line}\n" for line in lines)


def _painted(found: re.Match[str], paint: Paint) -> str:
    code = found["code"]
    return paint(code, CYAN) if code is not None else paint(found["strong"], BOLD)
