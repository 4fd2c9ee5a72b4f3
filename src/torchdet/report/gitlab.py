"""``gitlab``: a Code Quality report.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from torchdet.model.diagnostic import Diagnostic, FileReport, Severity
from torchdet.model.location import Location
from torchdet.report.characters import json_text
from torchdet.report.fingerprint import fingerprinted
from torchdet.report.options import RenderOptions

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """A JSON array. GitLab takes no path that begins with ``./``."""
    del options
    issues = [
        {
            "description": f"{_cell(report, diagnostic)}{diagnostic.code}: {diagnostic.message}",
            "check_name": diagnostic.name,
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[diagnostic.severity],
            "location": {
                "path": PurePath(report.path).as_posix(),
                "positions": {
                    "begin": _position(report, diagnostic.span.start),
                    "end": _position(report, diagnostic.span.end),
                },
            },
        }
        for report in reports
        for diagnostic, fingerprint in fingerprinted(report)
    ]
    return json_text(issues)


def _cell(report: FileReport, diagnostic: Diagnostic) -> str:
    cell = report.cell(diagnostic.span.start.row)
    return "" if cell is None else f"cell {cell}: "


def _position(report: FileReport, location: Location) -> dict[str, int]:
    return {"line": report.file_row(location.row), "column": location.column}
