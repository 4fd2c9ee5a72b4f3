"""Verdicts to render, hostile ones among them."""

from __future__ import annotations

from torchdet.verify.comparison.divergence import (
    Cause,
    Divergence,
    EnvironmentChange,
    Observed,
    Place,
    StepDivergence,
)
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.trace.records import Frame, OperationRecord, Phase, Site, SiteKind
from torchdet.verify.value_difference import ValueDifference
from torchdet.verify.verdict import CapturedDetail, Finding, Recorded, Verdict

RECORD = OperationRecord(
    site=1, origin=0, step=17, layout=5, flags=0, arguments=6, inputs=7, outputs=8
)
HOSTILE = "a,b:c%\n::error::<script>alert('\"&\x1b[31m\u202e\udce9</script>"
"""What would end a command, a tag, an attribute or a line."""


def finding(
    filename: str = "model.py",
    function: str = "forward",
    *,
    cause: Cause = Cause.OPERATION,
    detail: str = "`aten.mm` gave other values for equal inputs",
    operation: str = "aten.mm",
) -> Finding:
    stack = (Frame(filename, 2, function), Frame("train.py", 9, "<module>"))
    observed = Observed(
        9120, RECORD, Site(operation, SiteKind.OPERATION, Phase.BACKWARD, stack)
    )  # fmt: skip
    divergence = Divergence(cause, Place("main", "main", 0), observed, observed, detail)
    values = ValueDifference(3, 12, 1.2e-07, 2)
    return Finding(divergence, CapturedDetail(stack, "encoder.layers.3", values))


def hostile() -> tuple[Verdict, dict[Finding, Advice]]:
    one = finding(HOSTILE, HOSTILE, detail=HOSTILE, operation=HOSTILE)
    other = finding(cause=Cause.RANDOM, detail=HOSTILE)
    change = EnvironmentChange(HOSTILE, HOSTILE, HOSTILE)
    verdict = Verdict(2, Recorded(10, 3, 1), (change,), STEP, one, (other,))
    return verdict, {one: Advice(HOSTILE, "DET401", HOSTILE), other: Advice(HOSTILE)}


STEP = StepDivergence(Place("main", "main"), 3, ("loss",), None, None)
IDENTICAL = Verdict(2, Recorded(10, 3, 1))
STEP_ONLY = Verdict(2, Recorded(0, 3, 1), (), STEP)
