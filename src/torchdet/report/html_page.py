"""The frame of torchdet's HTML pages: self-contained, light and dark."""

from __future__ import annotations

from html import escape
from pathlib import Path

from torchdet.read_file import read_file
from torchdet.report.characters import printable

_FRAME = Path(__file__).with_name("html_page")


def html_page(name: str, title: str, body: str, assets: Path) -> str:
    """A page that loads nothing, headed by ``name``.

    ``body`` is HTML. ``assets`` with ``.css`` and ``.js`` at its end are the files of the page's
    own style and script, which follow those that all pages share.
    """
    style, script = (
        "".join(read_file(each.with_suffix(suffix)).decode() for each in (_FRAME, assets))
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
