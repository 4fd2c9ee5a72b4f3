"""Which steps are looked into next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import pytest

from tests.verify.verdicts import STEP, finding
from torchdet.verify.comparison.divergence import Cause, Divergence, StepDivergence
from torchdet.verify.comparison.run_comparison import RunComparison
from torchdet.verify.descent import next_window
from torchdet.verify.recording_spec import Window
from torchdet.verify.trace.records import OperationFlag, Seeding


@dataclass(frozen=True)
class Seen:
    """What a comparison has found, as far as the decision asks."""

    divergences: tuple[Divergence, ...] = ()
    step_divergences: tuple[StepDivergence, ...] = ()
    generators: bool = False

    def generators_differ(self, *_place: object) -> bool:
        return self.generators


def at(step: int) -> StepDivergence:
    return replace(STEP, step=step)


def changed(cause: Cause, flags: OperationFlag = OperationFlag.NONE) -> Divergence:
    divergence = finding(cause=cause).divergence
    assert divergence.first is not None
    record = divergence.first.record._replace(inputs=0, flags=int(flags))
    seeding = Seeding(0, "the default generator of cpu", 0)
    first = replace(divergence.first, record=record, seeding=seeding)
    return replace(divergence, first=first)


MEMORY, RANDOM = changed(Cause.MEMORY), changed(Cause.RANDOM)
NEVER_WRITTEN = changed(Cause.MEMORY, OperationFlag.UNINITIALISED)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen((changed(Cause.OPERATION),), (at(20),)), None),
        (Seen((MEMORY,), (at(9),)), Window(9, 20)),
        (Seen((MEMORY,), (at(20),)), Window(12, 20)),
        (Seen((NEVER_WRITTEN,), (at(20),)), None),
        (Seen((RANDOM,), (at(20),)), None),
        (Seen((RANDOM,), (at(20),), generators=True), Window(12, 20)),
        (Seen((), (at(23),)), Window(20, 23)),
        (Seen(), Window(20, 28)),
    ],
)
def test_a_window_grows_until_what_it_shows_began_in_it(
    seen: Seen, expected: Window | None
) -> None:
    assert next_window(Window(20, 20), cast("RunComparison", seen)) == expected


def test_nothing_comes_before_the_first_step() -> None:
    assert next_window(Window(1, 20), cast("RunComparison", Seen((MEMORY,), (at(20),)))) is None
