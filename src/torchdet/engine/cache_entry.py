"""A report as JSON, and back: data that cannot do anything when it is read.

Reading checks the shape of everything, so that a damaged entry is no entry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeVar

from torchdet.model.cells import Cell
from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Location, Span

Answers = tuple[tuple[str, str], ...]
"""What the rules asked about other files, each question with a digest of its answer."""

_Value = TypeVar("_Value")


class EntryError(ValueError):
    """The bytes are no entry of the cache."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of one check: its report, whatever the file's path, and the answers it used."""

    report: FileReport
    answers: Answers


def encode(entry: Entry) -> bytes:
    """``entry`` as bytes; the path of its report is not kept."""
    report = entry.report
    value = [
        [_diagnostic_value(diagnostic) for diagnostic in report.diagnostics],
        report.lines,
        report.suppressed,
        report.cells,
        entry.answers,
    ]
    return json.dumps(value, separators=(",", ":")).encode()


def decode(data: bytes, path: str) -> Entry:
    """The entry that ``encode`` made ``data`` of, for the file at ``path``.

    Raises ``EntryError``.
    """
    try:
        diagnostics, lines, suppressed, cells, answers = json.loads(data)
        report = FileReport(
            path,
            tuple(_diagnostic(value) for value in diagnostics),
            tuple((_is(row, int), _is(text, str)) for row, text in lines),
            _is(suppressed, int),
            tuple(_cell(each) for each in cells),
        )
        asked = tuple((_is(question, str), _is(answer, str)) for question, answer in answers)
        return Entry(report, asked)
    except (TypeError, ValueError, RecursionError) as error:
        raise EntryError(str(error)) from None


def _cell(value: object) -> Cell:
    row, number, file_rows = _is(value, list)
    rows = tuple(_is(each, int) for each in _is(file_rows, list))
    return Cell(_is(row, int), _is(number, int), rows)


def _is(value: object, kind: type[_Value]) -> _Value:
    if type(value) is not kind:
        raise EntryError(f"{value!r} is not of type {kind.__name__}")
    return value


def _diagnostic_value(diagnostic: Diagnostic) -> list[object]:
    return [
        diagnostic.code,
        diagnostic.name,
        diagnostic.severity.value,
        diagnostic.message,
        diagnostic.span,
        diagnostic.noqa_row,
        diagnostic.context,
        None if diagnostic.fix is None else _fix_value(diagnostic.fix),
        diagnostic.confidence.value,
        diagnostic.failure,
    ]


def _diagnostic(value: object) -> Diagnostic:
    code, name, severity, message, span, noqa_row, context, fix, confidence, failure = _is(
        value, list
    )
    return Diagnostic(
        _is(code, str),
        _is(name, str),
        Severity(severity),
        _is(message, str),
        _span(span),
        _is(noqa_row, int),
        _is(context, str),
        None if fix is None else _fix(fix),
        Confidence(confidence),
        _is(failure, bool),
    )


def _fix_value(fix: Fix) -> list[object]:
    edits = [(edit.span, edit.content) for edit in fix.edits]
    return [fix.message, fix.applicability.value, edits]


def _fix(value: object) -> Fix:
    message, applicability, edits = _is(value, list)
    return Fix(
        _is(message, str),
        Applicability(applicability),
        tuple(TextEdit(_span(span), _is(content, str)) for span, content in edits),
    )


def _span(value: object) -> Span:
    start, end = _is(value, list)
    return Span(_location(start), _location(end))


def _location(value: object) -> Location:
    row, column, offset = _is(value, list)
    return Location(_is(row, int), _is(column, int), _is(offset, int))
