"""The answer to where a value goes, and what a rule adds to the question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from torchdet.facts.flow.definitions import Path
from torchdet.facts.flow.uses import Use

Place = tuple[object, Path]
"""What has a value, and where inside."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A use that the value comes to.

    With a ``path`` what is used is a container that has the value there. ``followed`` says that
    the search went on behind this use; the others are where the value is consumed, or leaves what
    the file shows.
    """

    use: Use
    path: Path
    followed: bool


@dataclass(frozen=True, slots=True)
class Arrivals:
    """All arrivals; not ``complete`` where a circle of containers in containers was cut."""

    every: tuple[Arrival, ...]
    complete: bool

    @property
    def ends(self) -> tuple[Arrival, ...]:
        """Where the search did not go on."""
        return tuple(each for each in self.every if not each.followed)


Stops = Callable[[Use], bool]
"""Whether the search must not go on behind a use, such as one of a list that was sorted."""


def never_stops(_: Use) -> bool:
    """The search goes on wherever the value goes."""
    return False


Answer = TypeVar("Answer")


class FirstAnswers(Generic[Answer]):
    """What `DestinationSearch.first` has found out, for later searches with the same question."""

    def __init__(self) -> None:
        self.by_place: dict[Place, Answer | None] = {}
