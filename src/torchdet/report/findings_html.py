"""``html``: all findings as one self-contained page to look at.

The page holds its data as JSON, and its script makes rows of what is looked at alone, so that ten
thousand findings are no burden.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.report import raw_imports
from torchdet.report.characters import json_text
from torchdet.report.consequences import commands
from torchdet.report.excerpt import ExcerptRow
from torchdet.report.finding_rows import FIX_TITLES, diff_rows, source_rows
from torchdet.report.html_page import html_page, text
from torchdet.report.json_object import JsonObject, diagnostic_object
from torchdet.report.options import RenderOptions
from torchdet.report.summary import headline

_ROOM = Path(__file__).parent
_ASSETS = tuple(_ROOM / name for name in ("findings_page.css", "treemap.js", "findings_page.js"))
_UNCHECKED = "Could not be checked"


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """The page. It loads nothing."""
    entries = [entry for report in reports for entry in _entries(report, options)]
    codes = {diagnostic.code for report in reports for diagnostic in report.diagnostics}
    data = {
        "consequences": [_UNCHECKED, *(each.value for each in Consequence), raw_imports.LABEL],
        "folded": raw_imports.LABEL,
        "rules": {rule.code: rule.summary for rule in options.rules if rule.code in codes},
        "entries": entries,
    }
    present = {entry["consequence"] for entry in entries}
    advice = "<br>".join(text(line) for line in _advice(reports, options, present))
    title = headline(reports, options)
    return html_page(
        "torchdet lint",
        title,
        _BODY.format(title=text(title), advice=advice, data=_inline(data)),
        _ASSETS,
    )


def _entries(report: FileReport, options: RenderOptions) -> list[JsonObject]:
    """A finding as in the ``json`` format, and beside it what is shown with it."""
    lines = dict(report.lines)
    entries = []
    for diagnostic in report.diagnostics:
        entry: JsonObject = {
            "finding": diagnostic_object(report, diagnostic),
            "consequence": _consequence(report, diagnostic, options),
            "test": report.path in options.tests,
            "source": [_cells(row) for row in source_rows(report, diagnostic, lines)],
        }
        if diagnostic.fix is not None:
            diff = diff_rows(report, diagnostic.fix, lines) or ()
            entry["title"] = FIX_TITLES[diagnostic.fix.applicability]
            entry["diff"] = [(row.sign, row.number, row.text) for row in diff]
        entries.append(entry)
    return entries


def _consequence(report: FileReport, diagnostic: Diagnostic, options: RenderOptions) -> str:
    if diagnostic.failure:
        return _UNCHECKED
    if report.path in options.undecided and raw_imports.is_raw_import(diagnostic):
        return raw_imports.LABEL
    return options.consequences.get(diagnostic.code, Consequence.CHOICE).value


def _advice(
    reports: Sequence[FileReport], options: RenderOptions, present: Container[object]
) -> Iterator[str]:
    """What to do next, as the summary of the text formats says it."""
    if raw_imports.LABEL in present:
        yield f"{raw_imports.LABEL}: {raw_imports.ADVICE}"
    yield from commands(reports, options)


def _cells(row: ExcerptRow) -> tuple[int | None, str]:
    """The number of a row of source and its text; marks and gaps have none."""
    if row.number is None and not row.marks:
        return None, "..."
    return row.number, f"{row.lane}{row.marks or row.text}".rstrip()


def _inline(data: object) -> str:
    """``data`` as JSON that no reader of HTML takes for the end of its element."""
    return json_text(data, indent=None).strip().replace("<", "\\u003c")


_BODY = """\
<p class="headline">{title}</p>
<noscript><p>This page needs JavaScript, which it has within itself.</p></noscript>
<section aria-labelledby="by-consequence"><h2 id="by-consequence">By consequence</h2>
<div id="consequences" class="bars"></div>
<p>{advice}</p></section>
<div class="columns">
<section aria-labelledby="by-folder"><h2 id="by-folder">By folder</h2>
<nav id="crumbs" aria-label="Folder"></nav>
<div id="map" role="group" aria-label="Folders and files by number of findings"></div></section>
<section aria-labelledby="by-rule"><h2 id="by-rule">By rule</h2>
<div id="rules" class="bars"></div></section>
</div>
<section aria-labelledby="all"><h2 id="all">Findings</h2>
<form id="controls" role="search">
<label class="wide">Filter <input id="filter" type="search" autocomplete="off" spellcheck="false"
 placeholder="words of a path, a rule or a message" aria-keyshortcuts="/"></label>
<label>Group by <select id="order"><option value="consequence">consequence</option>
<option value="folder">folder</option><option value="rule">rule</option></select></label>
<label><input id="tests" type="checkbox" checked> Tests</label>
<label><input id="fixable" type="checkbox"> With a fix only</label>
<button id="reset" type="reset">Show all</button>
</form>
<p id="status" role="status"></p>
<div id="list"></div>
<button id="more" type="button" hidden>Show more</button>
<p class="keys"><small><kbd>/</kbd> filter, <kbd>j</kbd> <kbd>k</kbd> next and previous finding,
<kbd>Enter</kbd> open, arrows move between folders, <kbd>Backspace</kbd> leaves one.</small></p>
</section>
<script type="application/json" id="data">{data}</script>"""
