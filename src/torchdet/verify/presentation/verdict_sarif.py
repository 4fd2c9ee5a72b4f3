"""``sarif``: each difference as a result, by the lint rule that speaks of its line or its cause."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Mapping
from dataclasses import asdict

from torchdet.report.options import RenderOptions
from torchdet.report.sarif import JsonObject, artifact_location, rule_descriptor, sarif_text
from torchdet.verify.comparison.divergence import Cause, EnvironmentChange
from torchdet.verify.presentation.advice import GENERAL, Advice
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.presentation.verdict_json import finding_object
from torchdet.verify.trace.records import Frame
from torchdet.verify.verdict import Finding, Verdict

_STEP = "step"
"""The rule of a difference that is known by its step only."""

_PROPERTIES = (
    "cause", "operation", "phase", "module", "process", "stream", "rank", "step", "sequence",
    "difference", "catalogue",
)  # fmt: skip


def render(verdict: Verdict, advice: Mapping[Finding, Advice], options: RenderOptions) -> str:
    """One run. What changed in the environment is a notification."""
    results = [_result(finding, advice.get(finding)) for finding in verdict.findings]
    if verdict.first is None and verdict.step is not None:
        results.append(_step_result(verdict))
    named = {result["ruleId"] for result in results}
    rules = [
        *(rule_descriptor(rule) for rule in options.rules if rule.code in named),
        *(_cause(cause) for cause in Cause if cause.value in named),
    ]
    invocation: JsonObject = {"executionSuccessful": True}
    if verdict.environment:
        invocation["toolExecutionNotifications"] = list(map(_notification, verdict.environment))
    return sarif_text(rules, invocation, results)


def _result(finding: Finding, advice: Advice | None) -> JsonObject:
    divergence, at = finding.divergence, finding.location
    rule = None if advice is None else advice.rule
    text = divergence.detail if advice is None else f"{divergence.detail}. {advice.text}"
    fields = finding_object(finding, advice)
    result: JsonObject = {
        "ruleId": rule or divergence.cause.value,
        "level": "error",
        "message": {"text": text},
        "properties": {name: fields[name] for name in _PROPERTIES},
    }
    if at is not None:
        result["locations"] = [_location(at)]
        result["partialFingerprints"] = {"torchdet/verify/v1": _fingerprint(finding, at)}
    if finding.stack:
        frames = [{"location": _location(frame)} for frame in finding.stack]
        result["stacks"] = [{"message": {"text": "the calls that led there"}, "frames": frames}]
    return result


def _step_result(verdict: Verdict) -> JsonObject:
    rule = _STEP if verdict.cause is None else verdict.cause.value
    return {"ruleId": rule, "level": "error", "message": {"text": str(verdict.step)}}


def _location(frame: Frame) -> JsonObject:
    return {
        "physicalLocation": {
            "artifactLocation": artifact_location(shown_path(frame.filename)),
            "region": {"startLine": frame.row},
        },
        "logicalLocations": [{"name": frame.function, "kind": "function"}],
    }


def _fingerprint(finding: Finding, at: Frame) -> str:
    """The same as long as the line and what differs there are."""
    divergence = finding.divergence
    site = divergence.observed.site
    line = linecache.getline(at.filename, at.row).strip()
    parts = (
        shown_path(at.filename),
        divergence.cause.value,
        site.operation,
        site.phase.value,
        line,
    )
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _cause(cause: Cause) -> JsonObject:
    return {
        "id": cause.value,
        "shortDescription": {"text": f"Two runs differ; the cause: {cause.value}."},
        "help": {"text": GENERAL[cause]},
        "defaultConfiguration": {"level": "error"},
    }


def _notification(change: EnvironmentChange) -> JsonObject:
    return {
        "descriptor": {"id": Cause.ENVIRONMENT.value},
        "level": "warning",
        "message": {"text": str(change)},
        "properties": asdict(change),
    }
