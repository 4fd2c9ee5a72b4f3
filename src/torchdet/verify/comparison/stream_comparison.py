"""Finds where one stream of two runs differs, while the second run may still be writing."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.verify.comparison.causes import judge
from torchdet.verify.comparison.divergence import (
    Cause,
    Divergence,
    Observed,
    Place,
    StepDivergence,
)
from torchdet.verify.trace.records import (
    OPERATION_BYTES,
    STEP_BYTES,
    OperationFlag,
    OperationRecord,
    SiteKind,
    StepRecord,
)
from torchdet.verify.trace.trace_reader import StreamFiles, StreamNotes

_CHUNK = 8192
"""Records that are compared at a time: equal ones as bytes, without looking at any."""

RESULTS = ("parameters", "gradients", "loss")
"""The fields of a step whose difference counts. A generator that stands elsewhere is a result only
where something is drawn from it, and that shows in these."""


class OperationComparison:
    """The operations of one stream. Each ``advance`` goes on where the last has stopped."""

    def __init__(self, place: Place, first: StreamFiles, second: StreamFiles) -> None:
        self.place = place
        self._files = (first, second)
        self._readers = (first.operations(), second.operations())
        self._compared = 0
        self._notes: tuple[StreamNotes, StreamNotes] | None = None
        self._causes: set[Cause] = set()
        self.is_over = False

    def advance(self, *, keep_going: bool) -> Iterator[Divergence]:
        """Compare what the running second run has written since; yield the first difference.

        With ``keep_going`` every difference is yielded that does not come from an earlier one.
        """
        while not self.is_over:
            second = self._readers[1].read(finished=False, most=_CHUNK)
            if not second:
                return
            yield from self._compare(second, keep_going=keep_going)

    def finish(self, *, to_the_end: bool, keep_going: bool) -> Iterator[Divergence]:
        """Compare the rest of a run that has ended.

        ``to_the_end`` is whether it ended by itself: then missing operations are a difference too.
        """
        while not self.is_over:
            second = self._readers[1].read(finished=True, most=_CHUNK)
            if not second:
                self.is_over = True
                rest = self._readers[0].read(finished=True, most=1) if to_the_end else b""
                if rest:
                    yield self._ended(0, rest, b"")
                return
            yield from self._compare(second, keep_going=keep_going)

    def _compare(self, second: bytes, *, keep_going: bool) -> Iterator[Divergence]:
        count = len(second) // OPERATION_BYTES.size
        first = self._readers[0].read(finished=True, most=count)
        if first != second:
            self._notes = None  # more may have been written since
            yield from self._differences(first, second, keep_going=keep_going)
            self.is_over = self.is_over or len(first) != len(second)
        self._compared += count

    def _differences(
        self, first: bytes, second: bytes, *, keep_going: bool
    ) -> Iterator[Divergence]:
        ones = map(OperationRecord._make, OPERATION_BYTES.iter_unpack(first))
        others = map(OperationRecord._make, OPERATION_BYTES.iter_unpack(second))
        for count, (one, other) in enumerate(zip(ones, others, strict=False), self._compared):
            if one == other:
                continue
            if self._causes and one.inputs != other.inputs:
                continue  # it comes from what was found before
            found = self._judge(count, one, other)
            if found is None or (found.cause is Cause.RANDOM and Cause.RANDOM in self._causes):
                continue
            self._causes.add(found.cause)
            yield found
            if not keep_going or found.cause is Cause.CONTROL_FLOW:
                self.is_over = True
                return
        if len(first) < len(second):
            yield self._ended(len(first), first, second)

    def _judge(self, count: int, one: OperationRecord, other: OperationRecord) -> Divergence | None:
        observed = self._observed(0, count, one), self._observed(1, count, other)
        judgement = judge(*observed)
        if judgement is None:
            return None
        return Divergence(judgement.cause, self.place, *observed, judgement.detail)

    def _ended(self, size: int, first: bytes, second: bytes) -> Divergence:
        longer = 0 if len(first) > len(second) else 1
        data = (first, second)[longer][size : size + OPERATION_BYTES.size]
        count = self._compared + size // OPERATION_BYTES.size
        record = OperationRecord._make(OPERATION_BYTES.unpack(data))
        observed = self._observed(longer, count, record)
        ended, other = ("second", "first") if longer == 0 else ("first", "second")
        detail = f"the {ended} run ends where the {other} goes on with `{observed.site.operation}`"
        first_has, second_has = (observed, None) if longer == 0 else (None, observed)
        return Divergence(Cause.CONTROL_FLOW, self.place, first_has, second_has, detail)

    def _observed(self, run: int, count: int, record: OperationRecord) -> Observed:
        if self._notes is None:
            self._notes = (self._files[0].notes(), self._files[1].notes())
        notes = self._notes[run]
        site = notes.sites[record.site]
        sequence = notes.first_sequence + count
        origin = None
        if record.origin and record.flags & OperationFlag.RECEIVED:
            filler = self._files[run].operation_at(record.origin - 1)
            origin = None if filler is None else notes.sites.get(filler.site)
        seeding = notes.seed_at(sequence) if site.kind is SiteKind.RANDOM else None
        return Observed(sequence, record, site, origin, seeding)


class StepComparison:
    """The steps of one stream."""

    def __init__(self, place: Place, first: StreamFiles, second: StreamFiles) -> None:
        self.place = place
        self._readers = (first.steps(), second.steps())
        self.is_over = False

    def advance(self) -> StepDivergence | None:
        """Compare what the running second run has written since; return the first difference."""
        second = b"" if self.is_over else self._readers[1].read(finished=False)
        return self._compare(second, len(second) // STEP_BYTES.size) if second else None

    def finish(self, *, to_the_end: bool) -> StepDivergence | None:
        """Compare the rest; ``to_the_end`` is whether missing steps are a difference."""
        if self.is_over:
            return None
        second = self._readers[1].read(finished=True)
        return self._compare(second, -1 if to_the_end else len(second) // STEP_BYTES.size)

    def _compare(self, second: bytes, most: int) -> StepDivergence | None:
        first = self._readers[0].read(finished=True, most=most)
        found = _first_step_difference(self.place, first, second)
        self.is_over = found is not None
        return found


def _first_step_difference(place: Place, first: bytes, second: bytes) -> StepDivergence | None:
    ones = list(map(StepRecord._make, STEP_BYTES.iter_unpack(first)))
    others = list(map(StepRecord._make, STEP_BYTES.iter_unpack(second)))
    for one, other in zip(ones, others, strict=False):
        fields = tuple(name for name in RESULTS if getattr(one, name) != getattr(other, name))
        if fields or one.optimizer != other.optimizer:
            return StepDivergence(place, one.step, fields, one, other)
    if len(ones) != len(others):
        shorter = min(len(ones), len(others))
        longer = (ones if len(ones) > len(others) else others)[shorter]
        return StepDivergence(
            place,
            longer.step,
            (),
            longer if len(ones) > len(others) else None,
            longer if len(ones) < len(others) else None,
        )
    return None
