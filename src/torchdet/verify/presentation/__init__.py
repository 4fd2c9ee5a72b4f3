"""Renderers: verdicts to text, one format a module. They print nothing and change nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from torchdet.report.options import RenderOptions
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.verdict import Finding, Verdict

Renderer = Callable[[Verdict, Mapping[Finding, Advice], RenderOptions], str]

_MODULES = {
    "full": "verdict_text",
    "json": "verdict_json",
    "html": "verdict_html",
    "github": "verdict_github",
    "sarif": "verdict_sarif",
    "markdown": "verdict_markdown",
}

FORMATS = tuple(_MODULES)
"""The names of the output formats."""


def render_verdict(
    output_format: str,
    verdict: Verdict,
    advice: Mapping[Finding, Advice],
    options: RenderOptions = RenderOptions(),  # noqa: B008 - frozen
) -> str:
    """``verdict`` in ``output_format``. Raises ``KeyError`` for an unknown format."""
    module = importlib.import_module(f"{__name__}.{_MODULES[output_format]}")
    renderer: Renderer = module.render
    return renderer(verdict, advice, options)
