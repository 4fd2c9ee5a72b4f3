"""``json``: the verdict for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict

from torchdet.report.characters import json_text
from torchdet.report.options import RenderOptions
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.trace.records import Frame
from torchdet.verify.verdict import Finding, Verdict


def render(verdict: Verdict, advice: Mapping[Finding, Advice], options: RenderOptions) -> str:
    """One JSON object."""
    del options
    return json_text(verdict_object(verdict, advice))


def verdict_object(verdict: Verdict, advice: Mapping[Finding, Advice]) -> dict[str, object]:
    """The verdict as plain data, the shape that the documentation describes."""
    first = verdict.first
    return {
        "identical": verdict.is_identical,
        "runs": verdict.runs,
        "recorded": asdict(verdict.recorded),
        "environment": [asdict(change) for change in verdict.environment],
        "step": None if verdict.step is None else {
            "step": verdict.step.step,
            "process": verdict.step.place.process,
            "rank": verdict.step.place.rank,
            "differs": list(verdict.step.fields),
        },
        "cause": None if verdict.cause is None else verdict.cause.value,
        "first_divergence": None if first is None else finding_object(first, advice.get(first)),
        "also": [finding_object(each, advice.get(each)) for each in verdict.also],
    }  # fmt: skip


def finding_object(finding: Finding, advice: Advice | None) -> dict[str, object]:
    """One finding as plain data."""
    divergence = finding.divergence
    observed, detail = divergence.observed, finding.detail
    return {
        "cause": divergence.cause.value,
        "operation": observed.site.operation,
        "phase": observed.site.phase.value,
        "location": None if finding.location is None else _location(finding.location),
        "stack": [
            f"{shown_path(each.filename)}:{each.row} in {each.function}" for each in finding.stack
        ],
        "module": None if detail is None else detail.module,
        "process": divergence.place.process,
        "stream": divergence.place.stream,
        "rank": divergence.place.rank or 0,
        "step": observed.record.step,
        "sequence": observed.sequence,
        "detail": divergence.detail,
        "difference": _difference(finding),
        "rule": None if advice is None else advice.rule,
        "catalogue": None if advice is None else advice.catalogue,
        "advice": None if advice is None else advice.text,
    }


def _location(frame: Frame) -> dict[str, object]:
    return {
        "filename": shown_path(frame.filename), "row": frame.row, "function": frame.function
    }  # fmt: skip


def _difference(finding: Finding) -> dict[str, object] | None:
    if finding.detail is None or finding.detail.difference is None:
        return None
    fields = asdict(finding.detail.difference)
    del fields["examples"]
    if math.isnan(fields["max_abs"]):
        fields["max_abs"] = None  # JSON has no NaN
    return fields
