"""Renderers: reports to text, one format a module. They print nothing and change nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from torchdet.model.diagnostic import FileReport
from torchdet.report.options import RenderOptions

Renderer = Callable[[Sequence[FileReport], RenderOptions], str]

_MODULES = {
    "full": "full",
    "concise": "concise",
    "json": "json_array",
    "jsonl": "json_lines",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "html": "findings_html",
}

FORMATS = tuple(_MODULES)
"""The names of the output formats."""

TEXT_FORMATS = ("full", "concise")
"""Those meant for people."""

DESCRIBING_FORMATS = ("sarif", "html")
"""Those that hold what is known of the rules."""


def render(
    output_format: str,
    reports: Sequence[FileReport],
    options: RenderOptions = RenderOptions(),  # noqa: B008 - frozen
) -> str:
    """``reports`` in ``output_format``: all lines ended by a newline, or nothing at all.

    The text can be written in UTF-8 whatever the reports hold; that of the JSON formats, which
    SARIF and GitLab's are too, is ASCII. Raises ``KeyError`` for an unknown format.
    """
    module = importlib.import_module(f"torchdet.report.{_MODULES[output_format]}")
    renderer: Renderer = module.render
    return renderer(reports, options)
