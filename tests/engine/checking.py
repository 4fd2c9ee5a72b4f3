"""Checks sources with rules of the project, for the tests of the engine."""

from __future__ import annotations

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.run.unparseable_file.rule import RULE as UNPARSEABLE_FILE
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.findings.state.default_device.rule import RULE as DEFAULT_DEVICE
from torchdet.findings.state.default_dtype.rule import RULE as DEFAULT_DTYPE
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport

RULES = (DEFAULT_DEVICE, DEFAULT_DTYPE, UNPARSEABLE_FILE, UNUSED_SUPPRESSION)


def check(source: str | bytes, codes: str = "DET202 DET901") -> FileReport:
    """The report on ``source`` from the rules whose ``codes`` are given."""
    data = source.encode() if isinstance(source, str) else source
    rules = tuple(rule for rule in RULES if rule.code in codes.split())
    return check_bytes("example.py", data, CheckSettings(rules, LintConfig()))


def found(report: FileReport) -> list[tuple[int, str]]:
    """Row and code of each finding."""
    return [(d.span.start.row, d.code) for d in report.diagnostics]
