"""Compares two runs, process by process and stream by stream; the second may still be running."""

from __future__ import annotations

from collections.abc import Container, Iterator

from torchdet.verify.comparison.divergence import (
    Cause,
    Divergence,
    EnvironmentChange,
    Place,
    StepDivergence,
)
from torchdet.verify.comparison.stream_comparison import OperationComparison, StepComparison
from torchdet.verify.trace.records import OperationFlag, SiteKind
from torchdet.verify.trace.trace_reader import RunTrace


class RunComparison:
    """Two runs side by side. ``advance`` takes in what the second has written since."""

    def __init__(self, first: RunTrace, second: RunTrace, *, keep_going: bool = False) -> None:
        self._first = first
        self._second = second
        self._keep_going = keep_going
        self._operations: dict[Place, OperationComparison] = {}
        self._steps: dict[Place, StepComparison] = {}
        self._found: list[Divergence] = []
        self._step_found: list[StepDivergence] = []

    def advance(self) -> bool:
        """Compare further while the second run goes on; return whether a difference is known."""
        self._take_in_streams()
        for steps in self._steps.values():
            self._take_step(steps.advance())
        for operations in self._operations.values():
            self._found += operations.advance(keep_going=self._keep_going)
        return self.differs

    def finish(self, *, complete: Container[str] | None = None) -> bool:
        """Compare the rest of a second run that has ended; return whether the runs differ.

        ``complete`` are the processes of which all that they were to record is there, None for
        every one: only there missing operations and steps count.
        """
        self._take_in_streams()
        for place, steps in self._steps.items():
            to_the_end = complete is None or place.process in complete
            self._take_step(steps.finish(to_the_end=to_the_end))
        for place, operations in self._operations.items():
            to_the_end = complete is None or place.process in complete
            self._found += operations.finish(to_the_end=to_the_end, keep_going=self._keep_going)
        return self.differs

    @property
    def differs(self) -> bool:
        """Whether a difference is known."""
        return bool(self._found or self._step_found)

    def _take_step(self, found: StepDivergence | None) -> None:
        if found is not None:
            self._step_found.append(found)

    @property
    def divergences(self) -> tuple[Divergence, ...]:
        """The differences of operations: of each stream the first, the likeliest origin first."""
        return tuple(sorted(self._found, key=_closeness_to_origin))

    @property
    def step_divergences(self) -> tuple[StepDivergence, ...]:
        """The differences of steps, the earliest step first."""
        return tuple(sorted(self._step_found, key=lambda each: each.step))

    def generators_differ(self, place: Place, step: int) -> bool:
        """Whether torch's default generators stood elsewhere at the end of a step."""
        states = [self._generators_at(trace, place, step) for trace in (self._first, self._second)]
        return states[0] != states[1]

    def environment_changes(self) -> tuple[EnvironmentChange, ...]:
        """The facts that differ between processes that both runs have."""
        return tuple(dict.fromkeys(self._environment_changes()))

    def processes_of_one_run(self) -> tuple[str, ...]:
        """The processes that recorded something in one of the runs only."""
        return tuple(sorted(set(self._first.processes()) ^ set(self._second.processes())))

    @staticmethod
    def _generators_at(trace: RunTrace, place: Place, step: int) -> int | None:
        process = trace.processes().get(place.process)
        stream = None if process is None else process.streams().get(place.stream)
        steps = () if stream is None else stream.all_steps()
        return next((each.generators for each in steps if each.step == step), None)

    def _environment_changes(self) -> Iterator[EnvironmentChange]:
        firsts = self._first.processes()
        for key, second in self._second.processes().items():
            if key in firsts:
                one, other = firsts[key].header.environment, second.header.environment
                for name in sorted({*one, *other}):
                    values = one.get(name, "unset"), other.get(name, "unset")
                    if values[0] != values[1]:
                        yield EnvironmentChange(name, *values)

    def _take_in_streams(self) -> None:
        firsts = self._first.processes()
        for key, process in self._second.processes().items():
            if key not in firsts:
                continue
            streams = firsts[key].streams()
            for name, stream in process.streams().items():
                place = Place(key, name, process.header.rank)
                if name in streams and place not in self._operations:
                    pair = streams[name], stream
                    self._operations[place] = OperationComparison(place, *pair)
                    self._steps[place] = StepComparison(place, *pair)


def _closeness_to_origin(divergence: Divergence) -> tuple[bool, int, str, str, int]:
    """Differences that may come from another process go after those that begin in their own.

    Otherwise nobody knows an order over processes; that of the steps is the best there is.
    """
    observed = divergence.observed
    is_sent = bool(observed.record.flags & OperationFlag.SENT)
    enters = divergence.cause is Cause.INPUT and (
        is_sent or observed.site.kind is not SiteKind.OPERATION
    )
    borrowed = enters or divergence.cause is Cause.COMMUNICATION
    place = divergence.place
    return borrowed, observed.record.step, place.process, place.stream, observed.sequence
