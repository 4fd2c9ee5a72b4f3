"""The records of a trace as data, and their bytes.

Digests and layouts are 64 and 32 bits of hashes: equal records mean equal bits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import NamedTuple

FORMAT_VERSION = 1

OPERATION_BYTES = struct.Struct("<IIIIIQQQ")
STEP_BYTES = struct.Struct("<IIQQQQ")


class OperationFlag(IntFlag):
    """What is known of the memory that an operation reads."""

    NONE = 0
    UNINITIALISED = 1
    """Some of it was allocated and perhaps never written."""
    RECEIVED = 2
    """Some of it was filled by a collective; ``origin`` is the collective's number."""
    SENT = 4
    """Some of it came from another process."""


class OperationRecord(NamedTuple):
    """One operation. A named tuple, because a long run has millions of them.

    ``origin`` is 1 more than the sequence number of the forward operation that a backward one
    belongs to, or of the collective that filled its input; 0 for none. ``arguments`` stands for
    everything that is no tensor, and for the generator's state where the operation draws.
    """

    site: int
    origin: int
    step: int
    layout: int
    flags: int
    arguments: int
    inputs: int
    outputs: int


class StepRecord(NamedTuple):
    """The state at one step of an optimizer: gradients before it, parameters after it.

    ``loss`` is what ``backward`` was last called on; ``generators`` are torch's.
    """

    step: int
    optimizer: int
    parameters: int
    gradients: int
    loss: int
    generators: int


class SiteKind(Enum):
    """What sort of operation a call site is."""

    OPERATION = "operation"
    RANDOM = "random"
    ENTRY = "entry"
    COLLECTIVE = "collective"
    REGION = "region"
    MODULE = "module"


class Phase(Enum):
    """The part of a training step that an operation belongs to."""

    FORWARD = "forward"
    BACKWARD = "backward"
    OPTIMIZER = "optimizer"


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack."""

    filename: str
    row: int
    function: str


@dataclass(frozen=True, slots=True)
class Site:
    """An operation at a place of the program.

    ``stack`` holds the frames outside torch, the innermost first. Those of a backward operation
    are where its forward operation was called.
    """

    operation: str
    kind: SiteKind
    phase: Phase
    stack: tuple[Frame, ...]

    @property
    def location(self) -> Frame | None:
        """The line of the program, or None for what torch does on its own."""
        return self.stack[0] if self.stack else None


@dataclass(frozen=True, slots=True)
class Seeding:
    """Which seed a generator had when it was drawn from: ``seed`` is None if it had none.

    ``sequence`` is the first draw under it.
    """

    sequence: int
    generator: str
    seed: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """The first lines about a process."""

    process: str
    command: tuple[str, ...]
    rank: int | None
    environment: dict[str, str]
