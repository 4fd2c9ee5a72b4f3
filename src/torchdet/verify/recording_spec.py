"""What a process is asked to record, as data that travels in one environment variable.

Standard library only: every process that a program starts reads it, those without torch included.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum

VARIABLE = "TORCHDET_VERIFY"
"""Holds the specification in a recorded process and in all that it starts."""


class Level(Enum):
    """How closely a run is watched, from the cheapest to the dearest."""

    STEP = "step"
    MODULE = "module"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Window:
    """The steps that are recorded below the level ``step``; the first step is 1."""

    first: int
    last: int

    def __contains__(self, step: int) -> bool:
        return self.first <= step <= self.last


@dataclass(frozen=True, slots=True)
class CaptureTarget:
    """One operation whose values and stack are kept: a stream, and numbers in its sequence.

    ``forward`` is the sequence number of the operation whose gradient it computes, or None.
    ``with_aftermath`` is whether the state after the following steps is kept too.
    """

    process: str
    stream: str
    sequence: int
    forward: int | None = None
    with_aftermath: bool = False


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """What one run records, and where.

    ``process`` is the key of the process that started this one, empty for the program itself.
    Without ``window`` the whole run is recorded; with it, the processes that are not in
    ``stepped``, because they run no optimizer, are still recorded in full. ``eager`` has torch
    compile nothing, so that the operations of compiled regions are seen. ``inputs`` is whether
    inputs are read too, so that memory which changes between two operations is told from an
    operation that gives other values: it doubles the cost.
    """

    folder: str
    level: Level
    process: str = ""
    window: Window | None = None
    stepped: tuple[str, ...] = ()
    capture: CaptureTarget | None = None
    inputs: bool = True
    eager: bool = False

    def to_text(self) -> str:
        """The specification as the value of ``VARIABLE``."""
        return json.dumps({**asdict(self), "level": self.level.value})

    @classmethod
    def from_text(cls, text: str) -> RecordingSpec:
        """Read what ``to_text`` has written."""
        fields = json.loads(text)
        window, capture = fields.pop("window"), fields.pop("capture")
        return cls(
            **{**fields, "level": Level(fields["level"]), "stepped": tuple(fields["stepped"])},
            window=None if window is None else Window(**window),
            capture=None if capture is None else CaptureTarget(**capture),
        )

    @classmethod
    def of_process(cls, environment: Mapping[str, str]) -> RecordingSpec | None:
        """The specification that a process was started with, or None."""
        text = environment.get(VARIABLE)
        return cls.from_text(text) if text else None

    def hand_on(self, process: str) -> None:
        """Have processes that this one starts know it by the key ``process``."""
        os.environ[VARIABLE] = replace(self, process=process).to_text()
