"""``sarif``: the Static Analysis Results Interchange Format, version 2.1.0.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. In one point the
output follows what readers do and not the letter of section 3.11.5: braces in messages are not
doubled, since GitHub and editors show them as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from torchdet import __version__
from torchdet.model.diagnostic import Diagnostic, FileReport, Severity
from torchdet.model.documentation import DOCUMENTATION_URL
from torchdet.model.fix import Applicability, Fix
from torchdet.model.location import Span
from torchdet.model.rule_info import RuleInfo
from torchdet.report.characters import json_text
from torchdet.report.fingerprint import fingerprinted
from torchdet.report.options import RenderOptions
from torchdet.report.path_uri import path_uri

JsonObject = dict[str, object]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """One run. A file that could not be checked is a notification, and fails the invocation."""
    notifications = [
        _notification(report, failure) for report in reports for failure in report.failures
    ]
    invocation: JsonObject = {"executionSuccessful": not notifications}
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    return sarif_text(
        [rule_descriptor(rule) for rule in options.rules],
        invocation,
        _results(reports, options.rules),
    )


def sarif_text(
    rules: Sequence[JsonObject], invocation: JsonObject, results: Sequence[JsonObject]
) -> str:
    """The log of one run of torchdet."""
    driver = {
        "name": "torchdet",
        "version": __version__,
        "informationUri": DOCUMENTATION_URL,
        "semanticVersion": __version__,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "results": results,
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def rule_descriptor(rule: RuleInfo) -> JsonObject:
    """What a log says of a rule."""
    summary = f"{rule.summary}."
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "helpUri": rule.url,
        "help": {"text": rule.documentation, "markdown": rule.documentation},
        "defaultConfiguration": {"enabled": rule.default, "level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family]},
    }


def _results(reports: Sequence[FileReport], rules: Sequence[RuleInfo]) -> list[JsonObject]:
    indices = {rule.code: index for index, rule in enumerate(rules)}
    return [
        _result(report, diagnostic, fingerprint, indices)
        for report in reports
        for diagnostic, fingerprint in fingerprinted(report)
        if not diagnostic.failure
    ]


def _result(
    report: FileReport, diagnostic: Diagnostic, fingerprint: str, indices: Mapping[str, int]
) -> JsonObject:
    result: JsonObject = {"ruleId": diagnostic.code}
    if diagnostic.code in indices:
        result["ruleIndex"] = indices[diagnostic.code]
    result |= {
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": diagnostic.message},
        "locations": [_location(report, diagnostic)],
        "partialFingerprints": {"torchdet/v1": fingerprint},
        "properties": {"confidence": diagnostic.confidence.value},
    }
    fix = diagnostic.fix
    # One that is only meant to be shown must not be offered for a click. In a notebook the edits
    # are those of the code, and the bytes of the file are the JSON of it.
    clickable = fix is not None and fix.applicability is not Applicability.DISPLAY
    if fix is not None and fix.edits and clickable and not report.cells:
        result["fixes"] = [_fix(report, fix)]
    return result


def _notification(report: FileReport, diagnostic: Diagnostic) -> JsonObject:
    return {
        "descriptor": {"id": diagnostic.code},
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": diagnostic.message},
        "locations": [_location(report, diagnostic)],
    }


def _location(report: FileReport, diagnostic: Diagnostic) -> JsonObject:
    """The place; in a notebook with the cell and its row, which is what its readers see."""
    location: JsonObject = {
        "physicalLocation": {
            "artifactLocation": artifact_location(report.path),
            "region": _region(diagnostic.span, report),
        }
    }
    cell = report.cell(diagnostic.span.start.row)
    row = report.row(diagnostic.span.start.row)
    names = [*([f"cell {cell}, row {row}"] if cell is not None else []), diagnostic.context]
    if any(names):
        location["logicalLocations"] = [{"fullyQualifiedName": name} for name in names if name]
    return location


def artifact_location(path: str) -> JsonObject:
    """The file at ``path``; a relative one below the repository's root."""
    artifact: JsonObject = {"uri": path_uri(path)}
    pure = PurePath(path)
    # The name that GitHub gives to the repository's root; a path that leaves it has none.
    if not pure.is_absolute() and ".." not in pure.parts:
        artifact["uriBaseId"] = "%SRCROOT%"
    return artifact


def _region(span: Span, report: FileReport) -> JsonObject:
    """The region of ``span``. In a notebook it has rows only, since its columns are JSON's."""
    rows: JsonObject = {
        "startLine": report.file_row(span.start.row),
        "endLine": report.file_row(span.end.row),
    }
    if report.cells:
        return rows
    return rows | {"startColumn": span.start.column, "endColumn": span.end.column}


def _fix(report: FileReport, fix: Fix) -> JsonObject:
    replacements = [
        {
            "deletedRegion": _region(edit.span, report),
            "insertedContent": {"text": edit.content},
        }
        for edit in fix.edits
    ]
    return {
        "description": {"text": fix.message},
        "artifactChanges": [
            {"artifactLocation": artifact_location(report.path), "replacements": replacements}
        ],
        "properties": {"applicability": fix.applicability.value},
    }
