"""What to do about a finding: by its cause, the catalogue's row, or lint's finding on the line."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.verify.comparison.divergence import Cause

GENERAL = {
    Cause.OPERATION: "Run under `torchdet run` or call `torch.use_deterministic_algorithms(True)`:"
    " the operation then takes its deterministic algorithm, or raises.",
    Cause.RANDOM: "Seed the generator before the first draw: `torch.manual_seed(seed)`, or pass a "
    "`torch.Generator` of your own.",
    Cause.INPUT: "Fix what comes in: seed Python's and NumPy's generators, sort listings and sets, "
    "keep clocks and identifiers out of tensors.",
    Cause.CONTROL_FLOW: "Look at the condition that chose the branch: it depends on something that "
    "changes from run to run.",
    Cause.MEMORY: "Something wrote this tensor where torch does not see it, or nobody did: a NumPy "
    "view, a custom kernel, or `torch.empty` that was not filled.",
    Cause.COMMUNICATION: "Compare the ranks that sent it: their own first differences are listed, "
    "where they have one.",
    Cause.ENVIRONMENT: "Run both on the same versions, hardware and settings.",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """``rule`` is the code of a lint finding on the line, ``catalogue`` the name of a row."""

    text: str
    rule: str | None = None
    catalogue: str | None = None
