"""``gitlab``: a Code Quality report.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from torchdet.model.diagnostic import FileReport, Severity
from torchdet.report.characters import json_text
from torchdet.report.fingerprint import fingerprinted
from torchdet.report.options import RenderOptions

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """A JSON array. GitLab takes no path that begins with ``./``."""
    del options
    issues = [
        {
            "description": f"{diagnostic.code}: {diagnostic.message}",
            "check_name": diagnostic.name,
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[diagnostic.severity],
            "location": {
                "path": PurePath(report.path).as_posix(),
                "positions": {
                    "begin": _position(*diagnostic.span.start[:2]),
                    "end": _position(*diagnostic.span.end[:2]),
                },
            },
        }
        for report in reports
        for diagnostic, fingerprint in fingerprinted(report)
    ]
    return json_text(issues)


def _position(line: int, column: int) -> dict[str, int]:
    return {"line": line, "column": column}
