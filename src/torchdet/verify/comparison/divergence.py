"""What a comparison finds, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from torchdet.verify.trace.records import OperationRecord, Seeding, Site, StepRecord


class Cause(Enum):
    """Why two runs part: a closed set."""

    OPERATION = "operation"
    """Equal inputs, different outputs: the operation itself."""
    RANDOM = "random"
    """A draw from a generator that stood elsewhere."""
    INPUT = "input"
    """A value that came in from Python, NumPy, a file or a data loader."""
    CONTROL_FLOW = "control-flow"
    """Another operation, or another shape, came next."""
    MEMORY = "memory"
    """A tensor changed between two operations, or was never written."""
    COMMUNICATION = "communication"
    """A collective."""
    ENVIRONMENT = "environment"
    """Versions, switches or hardware."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One operation of one run with what its numbers mean.

    ``origin`` is the site of the collective that filled its input, or of its forward operation.
    """

    sequence: int
    record: OperationRecord
    site: Site
    origin: Site | None = None
    seeding: Seeding | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A stream of a process."""

    process: str
    stream: str
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first operation at which a stream of two runs differs.

    ``first`` and ``second`` are None where that run had come to its end. ``detail`` is a sentence.
    """

    cause: Cause
    place: Place
    first: Observed | None
    second: Observed | None
    detail: str

    @property
    def observed(self) -> Observed:
        """The operation of the first run, or of the second where the first has none."""
        found = self.first or self.second
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class StepDivergence:
    """The first step of an optimizer at which a stream of two runs differs.

    ``fields`` are those of ``StepRecord`` that differ; empty where one run has fewer steps.
    """

    place: Place
    step: int
    fields: tuple[str, ...]
    first: StepRecord | None
    second: StepRecord | None

    def __str__(self) -> str:
        differ = " and ".join(self.fields)
        where = f"step {self.step} of process {self.place.process}"
        return f"{where}: {differ} differ" if differ else f"{where} is in one of the runs only"


@dataclass(frozen=True, slots=True)
class EnvironmentChange:
    """A fact that differs between the processes of two runs."""

    name: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.name} is {self.first} in the first run and {self.second} in the second"
