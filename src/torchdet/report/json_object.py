"""Diagnostics and rules as JSON objects, in the shape that ruff's users know."""

from __future__ import annotations

from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.fix import Fix
from torchdet.model.location import Location
from torchdet.model.rule_info import RuleInfo

JsonObject = dict[str, object]


def diagnostic_object(report: FileReport, diagnostic: Diagnostic) -> JsonObject:
    """``diagnostic`` of ``report``, ready for ``json.dumps``.

    In a notebook rows are those of the ``cell``, which each edit has its own of.
    """
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "confidence": diagnostic.confidence.value,
        "message": diagnostic.message,
        "filename": report.path,
        "cell": report.cell(diagnostic.span.start.row),
        "location": _location(diagnostic.span.start, report),
        "end_location": _location(diagnostic.span.end, report),
        "fix": None if diagnostic.fix is None else _fix(diagnostic.fix, report),
        "noqa_row": report.row(diagnostic.noqa_row),
        "url": diagnostic.url,
    }


def rule_object(rule: RuleInfo) -> JsonObject:
    """``rule`` with its documentation as Markdown; ready for ``json.dumps``."""
    return {
        "code": rule.code,
        "name": rule.name,
        "family": rule.family,
        "severity": rule.severity.value,
        "default": rule.default,
        "summary": rule.summary,
        "documentation": rule.documentation,
        "url": rule.url,
    }


def _location(location: Location, report: FileReport) -> JsonObject:
    return {"row": report.row(location.row), "column": location.column}


def _fix(fix: Fix, report: FileReport) -> JsonObject:
    return {
        "applicability": fix.applicability.value,
        "message": fix.message,
        "edits": [
            {
                "content": edit.content,
                "cell": report.cell(edit.span.start.row),
                "location": _location(edit.span.start, report),
                "end_location": _location(edit.span.end, report),
            }
            for edit in fix.edits
        ],
    }
