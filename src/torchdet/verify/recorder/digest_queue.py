"""Completes records whose digests are still on an accelerator, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from torchdet.verify.recorder.tensor_digest import Digest, combined
from torchdet.verify.trace.records import OperationRecord, StepRecord
from torchdet.verify.trace.stream_writer import StreamWriter

_BLOCK = 4096
"""Digests that may wait on the device: fetching them waits for it once."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A record, and by the names of its fields the digests that it is still to get."""

    record: OperationRecord | StepRecord
    parts: dict[str, Sequence[Digest]]


class DigestQueue:
    """Writes the records of a stream in their order."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._waiting: list[_Waiting] = []
        self._on_device = 0

    def operation(
        self,
        head: tuple[int, int, int, int, int, int],
        inputs: Sequence[Digest],
        outputs: Sequence[Digest],
    ) -> None:
        """Write an operation with these digests, or have it wait for them.

        ``head`` are the fields of its record before those.
        """
        if not self._waiting:
            read, written = _at_hand(inputs), _at_hand(outputs)
            if read is not None and written is not None:
                self._writer.operation(*head, read, written)
                return
        record = OperationRecord(*head, 0, 0)
        self._put(record, {"inputs": inputs, "outputs": outputs})

    def step(self, record: StepRecord, **parts: Sequence[Digest]) -> None:
        """Write a step; ``parts`` are the digests of its fields."""
        self._put(record, parts)

    def flush(self) -> None:
        """Fetch what is on the device and write everything."""
        fetched = iter(_fetch([
            part
            for waiting in self._waiting
            for parts in waiting.parts.values()
            for part in parts
            if isinstance(part, torch.Tensor)
        ]))  # fmt: skip
        for waiting in self._waiting:
            known = {
                name: combined([part if isinstance(part, int) else next(fetched) for part in parts])
                for name, parts in waiting.parts.items()
            }
            self._write(waiting.record, known)
        self._waiting.clear()
        self._on_device = 0

    def _put(
        self, record: OperationRecord | StepRecord, parts: dict[str, Sequence[Digest]]
    ) -> None:
        on_device = sum(isinstance(part, torch.Tensor) for each in parts.values() for part in each)
        if not on_device and not self._waiting:
            known = {
                name: combined([part for part in each if isinstance(part, int)])
                for name, each in parts.items()
            }
            self._write(record, known)
            return
        self._waiting.append(_Waiting(record, parts))
        self._on_device += on_device
        if self._on_device >= _BLOCK:
            self.flush()

    def _write(self, record: OperationRecord | StepRecord, digests: dict[str, int]) -> None:
        if isinstance(record, OperationRecord):
            self._writer.operation(*record._replace(**digests))
        else:
            self._writer.step(record._replace(**digests))


def _at_hand(digests: Sequence[Digest]) -> int | None:
    """One digest for several, or None if some are still on a device."""
    known = [each for each in digests if type(each) is int]
    return combined(known) if len(known) == len(digests) else None


def _fetch(digests: Sequence[torch.Tensor]) -> list[int]:
    """The digests of each device in one transfer, in their order."""
    values: list[int] = [0] * len(digests)
    places: dict[torch.device, list[int]] = {}
    for place, each in enumerate(digests):
        places.setdefault(each.device, []).append(place)
    for positions in places.values():
        stacked = torch.stack([digests[position] for position in positions])
        for position, value in zip(positions, stacked.view(torch.int64).tolist(), strict=True):
            values[position] = value & (2**64 - 1)
    return values
