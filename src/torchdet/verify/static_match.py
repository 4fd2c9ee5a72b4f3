"""Joins what a run has shown with what torchdet knows from the source and the catalogue."""

from __future__ import annotations

from pathlib import Path

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import settings_for
from torchdet.model.config import LintConfig
from torchdet.read_file import read_file
from torchdet.torch_api.lookup import UnknownOperationError, find_operations
from torchdet.torch_api.operations import Operation
from torchdet.verify.comparison.divergence import Cause
from torchdet.verify.presentation.advice import GENERAL, Advice
from torchdet.verify.verdict import Finding

_FAMILIES = {
    Cause.OPERATION: ("DET4",),
    Cause.RANDOM: ("DET5",),
    Cause.INPUT: ("DET5",),
    Cause.CONTROL_FLOW: ("DET5",),
    Cause.MEMORY: ("DET4",),
}
"""The rules that speak of a cause; the others have none."""


def advice_for(finding: Finding) -> Advice:
    """What to do, in the words of the catalogue's row or of lint's finding where there is one."""
    cause = finding.divergence.cause
    rule, message = _finding_on_line(finding, _FAMILIES.get(cause, ()))
    row = _row(finding) if cause is Cause.OPERATION else None
    text = message or (row.instead if row is not None else GENERAL[cause])
    return Advice(text, rule, None if row is None else row.name)


def _finding_on_line(finding: Finding, families: tuple[str, ...]) -> tuple[str | None, str]:
    at = finding.location
    if at is None or not families:
        return None, ""
    path = Path(at.filename)
    try:
        data = read_file(path)
    except OSError:
        return None, ""
    settings = settings_for(at.filename, path.stem, LintConfig(select=families))
    for each in check_bytes(at.filename, data, settings).diagnostics:
        if each.span.start.row <= at.row <= each.span.end.row:
            return each.code, each.message
    return None, ""


def _row(finding: Finding) -> Operation | None:
    """The catalogue's row of an operation: by its name, or that of its forward operation."""
    name = finding.divergence.observed.site.operation.rpartition(".")[2]
    near = (name, name.removesuffix("_backward"), name.rstrip("_"))
    return next((row for asked in near for row in _rows(asked)), None)


def _rows(asked: str) -> tuple[Operation, ...]:
    try:
        return find_operations(asked)
    except UnknownOperationError:
        return ()
