"""``json``: one array with an object for each diagnostic."""

from __future__ import annotations

from collections.abc import Sequence

from torchdet.model.diagnostic import FileReport
from torchdet.report.characters import json_text
from torchdet.report.json_object import diagnostic_object
from torchdet.report.options import RenderOptions


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """An indented JSON array; ``[]`` when there is nothing to report."""
    del options
    objects = [
        diagnostic_object(report, diagnostic)
        for report in reports
        for diagnostic in report.diagnostics
    ]
    return json_text(objects)
