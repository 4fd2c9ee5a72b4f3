"""What a migration did and did not do: plain data for renderers."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.location import Location


@dataclass(frozen=True, slots=True)
class Made:
    """One change that was made: the rule whose finding it mends, the place, what was written.

    ``location`` is the place in the text before the round of changes that made it.
    """

    code: str
    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A finding that stays as it is: ``reason`` says why, ``advice`` what a person should do.

    Both are one line without a full stop, code in backticks.
    """

    code: str
    location: Location
    reason: str
    advice: str
