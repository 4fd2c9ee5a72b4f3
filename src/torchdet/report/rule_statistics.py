"""How often each rule fired, most frequent first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torchdet.model.diagnostic import Diagnostic, FileReport, Severity
from torchdet.model.fix import Applicability
from torchdet.report.ansi import Paint
from torchdet.report.characters import json_text


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many findings one rule has; ``fixable`` of them have a safe fix."""

    code: str
    name: str
    severity: Severity
    count: int
    fixable: int


def rule_counts(reports: Iterable[FileReport]) -> tuple[RuleCount, ...]:
    """The rules that fired, by falling count, then by code.

    A severity that differs among the findings of one rule is given as the gravest.
    """
    found: dict[str, list[Diagnostic]] = {}
    for report in reports:
        for diagnostic in report.diagnostics:
            found.setdefault(diagnostic.code, []).append(diagnostic)
    counts = [
        RuleCount(
            code=code,
            name=group[0].name,
            severity=min((d.severity for d in group), key=list(Severity).index),
            count=len(group),
            fixable=sum(1 for d in group if d.fix and d.fix.applicability is Applicability.SAFE),
        )
        for code, group in found.items()
    ]
    return tuple(sorted(counts, key=lambda count: (-count.count, count.code)))


def render_text(reports: Iterable[FileReport], *, colour: bool = False) -> str:
    """A table: count, code, ``[*]`` when every finding has a safe fix (``[-]``: some), name."""
    counts = rule_counts(reports)
    paint = Paint(colour)
    width = max((len(str(count.count)) for count in counts), default=0)
    any_fixable = any(count.fixable for count in counts)
    lines = []
    for count in counts:
        mark = f"  {_mark(count)}" if any_fixable else ""
        code = paint.severity(count.code, count.severity)
        lines.append(f"{count.count:>{width}}  {code}{mark}  {count.name}\n")
    return "".join(lines)


def _mark(count: RuleCount) -> str:
    if not count.fixable:
        return "[ ]"
    return "[*]" if count.fixable == count.count else "[-]"


def render_json(reports: Iterable[FileReport]) -> str:
    """A JSON array of objects with ``code``, ``name``, ``severity``, ``count``, ``fixable``."""
    objects = [
        {
            "code": count.code,
            "name": count.name,
            "severity": count.severity.value,
            "count": count.count,
            "fixable": count.fixable,
        }
        for count in rule_counts(reports)
    ]
    return json_text(objects)
