"""Findings that are less sure than is configured are left out, and leave no other trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from torchdet.engine.cache import ReportCache
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.base import Draft, Rule
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference

SOURCE = b"print(1)\nprint(2)  # noqa: DET999\nprint(certainly)\n"


def check_print(reference: Reference, context: Context) -> Iterator[Draft]:
    call = context.facts.parent(reference.node)
    sure = "certainly" in context.facts.code(call)
    yield Draft(
        reference.node,
        "a call of `print`",
        confidence=Confidence.CERTAIN if sure else Confidence.LIKELY,
    )


PRINT = Rule(
    code="DET999",
    module=__name__,
    documentation="Calls of print.",
    severity=Severity.INFO,
    triggers=(b"print",),
    names={"builtins.print": check_print},
)
EVERYTHING = CheckSettings((PRINT, UNUSED_SUPPRESSION), LintConfig())
CERTAIN_ONLY = replace(EVERYTHING, config=LintConfig(min_confidence=Confidence.CERTAIN))


@pytest.mark.parametrize(("settings", "rows"), [(EVERYTHING, [1, 3]), (CERTAIN_ONLY, [3])])
def test_only_what_is_sure_enough_is_reported(settings: CheckSettings, rows: list[int]) -> None:
    report = check_bytes("a.py", SOURCE, settings)
    assert [(d.span.start.row, d.code) for d in report.diagnostics] == [
        (row, "DET999") for row in rows
    ]
    assert report.suppressed == 1  # the comment on the second line is not unused


def test_the_cache_keeps_both_answers_apart(tmp_path: Path) -> None:
    cache = ReportCache(tmp_path)
    report = check_bytes("a.py", SOURCE, EVERYTHING)
    cache.put("a.py", SOURCE, EVERYTHING, report)
    assert cache.get("a.py", SOURCE, EVERYTHING) == report
    assert cache.get("a.py", SOURCE, CERTAIN_ONLY) is None


@pytest.mark.parametrize("confidence", Confidence)
def test_certain_reaches_everything_and_likely_itself(confidence: Confidence) -> None:
    assert Confidence.CERTAIN.reaches(confidence)
    assert Confidence.LIKELY.reaches(confidence) is (confidence is Confidence.LIKELY)
