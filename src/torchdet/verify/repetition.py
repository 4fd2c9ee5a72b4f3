"""Compares two runs of the same code in one process."""

from __future__ import annotations

from pathlib import Path

from torchdet.verify.ladder import compare_traces
from torchdet.verify.presentation import render_verdict
from torchdet.verify.static_match import advice_for
from torchdet.verify.trace.trace_reader import RunTrace


def difference_of_runs(first: Path, second: Path) -> str:
    """What differs between two recorded runs, for people; empty where nothing does."""
    verdict = compare_traces(RunTrace(first), RunTrace(second))
    if verdict.is_identical:
        return ""
    return render_verdict("full", verdict, {each: advice_for(each) for each in verdict.findings})
