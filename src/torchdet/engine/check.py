"""One file: bytes in, report out. Reads nothing, prints nothing.

LibCST is imported once a file needs parsing: a run whose files are all clean does without it.
"""

from __future__ import annotations

import re

from torchdet.engine.settings import CheckSettings
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.location import Location, Span
from torchdet.model.source import DecodeError, SourceText
from torchdet.rules.registry import triggered
from torchdet.rules.run.unparseable_file import RULE as UNPARSEABLE_FILE

MAX_BRACKET_DEPTH = 200
"""Python's own tokenizer refuses deeper brackets; LibCST's parser would overflow its stack."""

_BRACKETS = re.compile(r"[()\[\]{}]")


def check_bytes(path: str, data: bytes, settings: CheckSettings) -> FileReport:
    """Check one file with the content ``data``.

    A file that cannot be decoded or parsed yields a report with ``failed`` set and the reason as
    its diagnostic; no input makes this raise.
    """
    if not triggered(settings.rules, data):
        return FileReport(path)
    try:
        source = SourceText.decode(data)
    except DecodeError as error:
        return failure(path, error.reason, row=error.row, column=error.column)
    return check_source(path, source, settings)


def check_source(path: str, source: SourceText, settings: CheckSettings) -> FileReport:
    """Check one file whose content has been decoded; else as ``check_bytes``."""
    live = triggered(settings.rules, source.text.encode("utf-8", "surrogatepass"))
    if not live:
        return FileReport(path)
    too_deep = _too_deep(source)
    if too_deep is not None:
        return failure(path, too_deep[1], source, *too_deep[0][:2])
    from torchdet.engine.run_rules import UnparseableError, run_rules

    try:
        return run_rules(path, source, live, settings)
    except UnparseableError as error:
        return failure(path, error.reason, source, error.row, error.column)


def failure(
    path: str, reason: str, source: SourceText | None = None, row: int = 1, column: int = 1
) -> FileReport:
    """The report of a file that could not be checked, with the reason and the place."""
    offset = source.offset(row, column) if source is not None else 0
    place = Location(row, column, offset)
    diagnostic = Diagnostic(
        UNPARSEABLE_FILE.code,
        UNPARSEABLE_FILE.name,
        UNPARSEABLE_FILE.severity,
        reason,
        Span(place, place),
        noqa_row=row,
    )
    lines = ((row, source.line(row)),) if source is not None else ()
    return FileReport(path, (diagnostic,), lines, failed=True)


def _too_deep(source: SourceText) -> tuple[Location, str] | None:
    """Where brackets nest deeper than the parser can bear.

    Brackets in strings and comments count as well, which only matters to texts that hold
    hundreds of unbalanced ones.
    """
    depth = 0
    for match in _BRACKETS.finditer(source.text):
        if match.group() in "([{":
            depth += 1
            if depth > MAX_BRACKET_DEPTH:
                return (
                    source.location(match.start()),
                    f"nested more than {MAX_BRACKET_DEPTH} brackets deep, which Python refuses too",
                )
        elif depth:
            depth -= 1
    return None
