"""What ``torchdet verify`` has found, as data that every report is made from."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.verify.aftermath import Aftermath
from torchdet.verify.comparison.divergence import (
    Cause,
    Divergence,
    EnvironmentChange,
    StepDivergence,
)
from torchdet.verify.trace.records import Frame
from torchdet.verify.value_difference import ValueDifference


@dataclass(frozen=True, slots=True)
class Recorded:
    """How much was watched."""

    operations: int
    steps: int
    processes: int


@dataclass(frozen=True, slots=True)
class CapturedDetail:
    """What a further pair of runs has shown about one operation.

    ``inputs_differ`` is whether what went in differs, of a run whose inputs were not recorded.
    """

    stack: tuple[Frame, ...]
    module: str
    difference: ValueDifference | None
    inputs_differ: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A divergence and what is known about it."""

    divergence: Divergence
    detail: CapturedDetail | None = None

    @property
    def location(self) -> Frame | None:
        """The line to look at."""
        observed = self.divergence.observed
        if observed.origin is not None:
            return observed.origin.location
        return observed.site.location

    @property
    def stack(self) -> tuple[Frame, ...]:
        """The calls that led there, the innermost first."""
        observed = self.divergence.observed
        if self.detail is not None and self.detail.stack:
            return self.detail.stack
        return observed.site.stack if observed.origin is None else observed.origin.stack


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the runs are the same, and where they first differ if not.

    ``step`` is set without ``first`` where the difference of a step could not be seen again when
    its operations were recorded. ``aftermath`` is kept where a report shows it.
    """

    runs: int
    recorded: Recorded
    environment: tuple[EnvironmentChange, ...] = ()
    step: StepDivergence | None = None
    first: Finding | None = None
    also: tuple[Finding, ...] = ()
    aftermath: Aftermath | None = None

    @property
    def is_identical(self) -> bool:
        """Whether no difference was found."""
        return self.first is None and self.step is None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The first difference and the others."""
        return self.also if self.first is None else (self.first, *self.also)

    @property
    def cause(self) -> Cause | None:
        """Why the runs differ, or None where they do not or only the step is known."""
        if self.first is not None:
            return self.first.divergence.cause
        return Cause.ENVIRONMENT if self.step is not None and self.environment else None


class VerifyError(Exception):
    """The program failed, or nothing could be compared. The message says which, and what to do."""
