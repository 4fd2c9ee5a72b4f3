"""The frame of torchdet's HTML pages: self-contained, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from torchdet.read_file import read_file
from torchdet.report.characters import printable

_ROOM = Path(__file__).parent
_SHARED = (_ROOM / "html_page.css", _ROOM / "html_page.js")


def html_page(name: str, title: str, body: str, assets: Sequence[Path]) -> str:
    """A page that loads nothing, headed by ``name``.

    ``body`` is HTML. ``assets`` are the ``.css`` and ``.js`` files of the page's own, which follow
    those that all pages share.
    """
    style, script = (
        "".join(read_file(each).decode() for each in (*_SHARED, *assets) if each.suffix == suffix)
        for suffix in (".css", ".js")
    )
    return _PAGE.format(name=name, title=text(title), style=style, body=body, script=script)


def text(value: str) -> str:
    """Any text as HTML, without what would disturb a reader."""
    return escape(printable(value))


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{name}: {title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{name}</h1>
<button id="theme" type="button" aria-pressed="false">Dark</button></header>
<main>
{body}
</main>
<script>{script}</script>
</body>
</html>
"""
