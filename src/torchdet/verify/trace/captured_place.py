"""Where a captured operation ran, as the recorder writes it and the ladder reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from torchdet.verify.trace.records import Frame


@dataclass(frozen=True, slots=True)
class CapturedPlace:
    """The program's frames, the innermost first, and the dotted name of the module.

    ``is_called_by_program`` is false for what autograd runs on its own: its place is that of the
    forward operation.
    """

    stack: tuple[Frame, ...]
    module: str
    is_called_by_program: bool

    def to_text(self) -> str:
        """The place as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str | bytes) -> CapturedPlace:
        """Read what ``to_text`` has written."""
        fields = json.loads(text)
        return cls(**{**fields, "stack": tuple(Frame(**each) for each in fields["stack"])})


AFTERMATH_STEPS = 8
"""How many steps a report follows a difference."""


def aftermath_file(number: int) -> str:
    """The file of the ``number``th step from the one that differs on, counted from 1."""
    return f"aftermath-{number}.pt"
