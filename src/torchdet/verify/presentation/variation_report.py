"""What a result depends on: as a table for people, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torchdet.report.ansi import BOLD, GREEN, RED, Paint
from torchdet.report.characters import json_text, printable
from torchdet.report.options import RenderOptions
from torchdet.verify.presentation import render_verdict
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.presentation.verdict_json import verdict_object
from torchdet.verify.variation import Variation, VariationReport
from torchdet.verify.verdict import Finding, Verdict

FORMATS = ("full", "json")

Advised = Mapping[Finding, Advice]


def render_variations(
    output_format: str, report: VariationReport, advice: Advised, options: RenderOptions
) -> str:
    """``report`` in one of ``FORMATS``."""
    if output_format == "json":
        return json_text(_object(report, advice))
    if not report.unchanged.is_identical:
        text = render_verdict("full", report.unchanged, advice, options)
        return f"{text}The runs differ under equal conditions: nothing was varied\n"
    lines = list(_lines(report, Paint(options.colour)))
    texts = [
        render_verdict("full", each.verdict, advice, options)
        for each in report.variations
        if not each.verdict.is_identical
    ]
    return "\n".join([*texts, *lines, ""])


def _lines(report: VariationReport, paint: Paint) -> Iterator[str]:
    width = max(len(each.condition.name) for each in report.variations)
    for each in report.variations:
        name = paint(f"{each.condition.name:<{width}}", BOLD)
        alone = each.verdict.is_identical
        said = "leaves the bits alone" if alone else f"changes them{_place(each.verdict)}"
        yield f"{name}  {paint(said, GREEN if alone else RED)} ({printable(each.condition.change)})"


def _place(verdict: Verdict) -> str:
    at = None if verdict.first is None else verdict.first.location
    if at is not None:
        return f" from {printable(shown_path(at.filename))}:{at.row} on"
    return "" if verdict.step is None else f" at step {verdict.step.step}"


def _object(report: VariationReport, advice: Advised) -> dict[str, object]:
    return {
        "identical": report.is_identical,
        "unchanged": verdict_object(report.unchanged, advice),
        "varied": [_variation(each, advice) for each in report.variations],
    }


def _variation(each: Variation, advice: Advised) -> dict[str, object]:
    named = {"condition": each.condition.name, "change": each.condition.change}
    return {**named, **verdict_object(each.verdict, advice)}
