"""One file: bytes in, report out. Reads nothing, prints nothing.

LibCST is imported once a file needs parsing: a run whose files are all clean does without it.
"""

from __future__ import annotations

from dataclasses import replace

from torchdet.engine.decode import decode_source, searchable
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.faults import internal_error
from torchdet.engine.settings import CheckSettings
from torchdet.findings.base import Rule
from torchdet.findings.card import RuleCard
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.file_kinds import CONFIGURATIONS, DOCUMENTS, NOTEBOOK
from torchdet.model.location import Location, Span
from torchdet.model.source import DecodeError, SourceText


def check_bytes(path: str, data: bytes, settings: CheckSettings) -> FileReport:
    """Check one file with the content ``data``.

    A file that cannot be decoded or parsed yields a report whose one diagnostic is a failure with
    the reason; no input makes this raise.
    """
    words = searchable(path, data)
    live = settings.live_rules(words) if words is not None else ()
    if not live and words is not None and not path.endswith(NOTEBOOK):
        return FileReport(path)
    try:
        source = decode_source(path, data)
    except DecodeError as error:
        return failure(path, error.reason, row=error.row, column=error.column)
    return _check(path, source, live, settings) if live else FileReport(path)


def check_source(path: str, source: SourceText, settings: CheckSettings) -> FileReport:
    """Check one file whose content has been decoded; else as ``check_bytes``."""
    live = settings.live_rules(source.text.encode("utf-8", "surrogatepass"))
    return _check(path, source, live, settings) if live else FileReport(path)


def _check(
    path: str, source: SourceText, live: tuple[RuleCard, ...], settings: CheckSettings
) -> FileReport:
    try:
        rules = tuple(card.load() for card in live)
        report = run_with_deep_stack(lambda: _report(path, source, rules, settings))
    except Exception as error:  # noqa: BLE001 -- a fault of ours must not hide the other files
        report = failure(path, internal_error(error), source)
    if path.endswith(DOCUMENTS):
        return _placed(source, report)
    return replace(report, cells=source.cells) if source.cells else report


def _placed(source: SourceText, report: FileReport) -> FileReport:
    """The report on the code of a document, with the places of the document."""
    from torchdet.engine.document import DocumentText

    return source.placed(report) if isinstance(source, DocumentText) else report


def _report(
    path: str, source: SourceText, live: tuple[Rule, ...], settings: CheckSettings
) -> FileReport:
    if path.endswith(CONFIGURATIONS):
        return _configuration_report(path, source, settings)
    if settings.screened:
        from torchdet.engine.screened import screened_report

        report = screened_report(path, source, live, settings)
        if report is not None:
            return report
    from torchdet.engine.run_rules import run_rules
    from torchdet.facts.parse import UnparseableError

    try:
        return run_rules(path, source, live, settings)
    except UnparseableError as error:
        return failure(path, error.reason, source, error.row, error.column)


def _configuration_report(path: str, source: SourceText, settings: CheckSettings) -> FileReport:
    from torchdet.engine.configuration import UnreadableConfigurationError, configuration_report

    try:
        return configuration_report(path, source, settings)
    except UnreadableConfigurationError as error:
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
        failure=True,
    )
    lines = ((row, source.line(row)),) if source is not None else ()
    return FileReport(path, (diagnostic,), lines)
