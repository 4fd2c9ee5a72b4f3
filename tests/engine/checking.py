"""Checks sources with rules of the project, for the tests of the engine."""

from __future__ import annotations

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport
from torchdet.rules.run import unparseable_file, unused_suppression
from torchdet.rules.state import default_device, default_dtype

RULES = (default_device.RULE, default_dtype.RULE, unparseable_file.RULE, unused_suppression.RULE)


def check(source: str | bytes, codes: str = "DET202 DET901") -> FileReport:
    """The report on ``source`` from the rules whose ``codes`` are given."""
    data = source.encode() if isinstance(source, str) else source
    rules = tuple(rule for rule in RULES if rule.code in codes.split())
    return check_bytes("example.py", data, CheckSettings(rules, LintConfig()))


def found(report: FileReport) -> list[tuple[int, str]]:
    """Row and code of each finding."""
    return [(d.span.start.row, d.code) for d in report.diagnostics]
