"""``github``: workflow commands that GitHub Actions turns into annotations.

The syntax and its escapes:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport, Severity
from torchdet.report.characters import printable
from torchdet.report.options import RenderOptions
from torchdet.report.wording import place_and_row

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """One command a line."""
    del options
    return "".join(
        f"{_command(report, diagnostic)}\n"
        for report in reports
        for diagnostic in report.diagnostics
    )


def _command(report: FileReport, diagnostic: Diagnostic) -> str:
    start, end = diagnostic.span
    likely = ", likely" if diagnostic.confidence is Confidence.LIKELY else ""
    properties = {
        "title": f"torchdet {diagnostic.code} ({diagnostic.name}{likely})",
        "file": report.path,
    }
    first, last = report.file_row(start.row), report.file_row(end.row)
    properties |= {"line": str(first), "endLine": str(last)}
    if start.row == end.row and not report.cells:  # GitHub takes columns within one line only
        properties |= {"col": str(start.column), "endColumn": str(end.column)}
    # The log shows the message alone, so that it has to name the place again.
    place = f"{place_and_row(report, diagnostic)}:{start.column}"
    message = f"{place}: {diagnostic.code} {diagnostic.message}"
    return workflow_command(diagnostic.severity, properties, message)


def workflow_command(severity: Severity, properties: Mapping[str, str], message: str) -> str:
    """The command that shows ``message`` as an annotation, on one line and escaped.

    >>> workflow_command(Severity.ERROR, {"file": "a,b.py"}, "100%")
    '::error file=a%2Cb.py::100%25'
    """
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[severity]} {listed}::{_data(message)}"


def _data(text: str) -> str:
    """``text`` as the runner shows it. ``printable`` leaves no line break that would end it."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    """``text`` as the runner reads it back, line breaks included."""
    for character in "%\r\n:,":
        text = text.replace(character, f"%{ord(character):02X}")
    return printable(text)
