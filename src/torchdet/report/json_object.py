"""Diagnostics and rules as JSON objects, in the shape that ruff's users know."""

from __future__ import annotations

from torchdet.model.diagnostic import Diagnostic
from torchdet.model.fix import Fix
from torchdet.model.location import Location
from torchdet.model.rule_info import RuleInfo

JsonObject = dict[str, object]


def diagnostic_object(path: str, diagnostic: Diagnostic) -> JsonObject:
    """``diagnostic``, found in the file at ``path``; ready for ``json.dumps``."""
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "confidence": diagnostic.confidence.value,
        "message": diagnostic.message,
        "filename": path,
        "location": _location(diagnostic.span.start),
        "end_location": _location(diagnostic.span.end),
        "fix": None if diagnostic.fix is None else _fix(diagnostic.fix),
        "noqa_row": diagnostic.noqa_row,
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


def _location(location: Location) -> JsonObject:
    return {"row": location.row, "column": location.column}


def _fix(fix: Fix) -> JsonObject:
    return {
        "applicability": fix.applicability.value,
        "message": fix.message,
        "edits": [
            {
                "content": edit.content,
                "location": _location(edit.span.start),
                "end_location": _location(edit.span.end),
            }
            for edit in fix.edits
        ],
    }
