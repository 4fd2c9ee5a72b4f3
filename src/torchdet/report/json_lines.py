"""``jsonl``: a JSON object on a line of its own for each diagnostic."""

from __future__ import annotations

from collections.abc import Sequence

from torchdet.model.diagnostic import FileReport
from torchdet.report.characters import json_text
from torchdet.report.json_object import diagnostic_object
from torchdet.report.options import RenderOptions


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """The objects of the ``json`` format, one a line."""
    del options
    return "".join(
        json_text(diagnostic_object(report, diagnostic), indent=None)
        for report in reports
        for diagnostic in report.diagnostics
    )
