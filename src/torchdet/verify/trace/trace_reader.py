"""Reads traces, those of running programs too."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from torchdet.verify.trace.records import (
    FORMAT_VERSION,
    OPERATION_BYTES,
    STEP_BYTES,
    Frame,
    Header,
    OperationRecord,
    Phase,
    Seeding,
    Site,
    SiteKind,
    StepRecord,
)


class TraceError(ValueError):
    """A trace that cannot be read. The message names the file, what is wrong and what to do."""


@dataclass(slots=True)
class StreamNotes:
    """What a stream's notes say: sites by number, the number of its first record, seedings."""

    sites: dict[int, Site] = field(default_factory=dict)
    first_sequence: int = 0
    seedings: list[Seeding] = field(default_factory=list)

    def seed_at(self, sequence: int) -> Seeding | None:
        """The seeding in force at a draw."""
        known = [each for each in self.seedings if each.sequence <= sequence]
        return known[-1] if known else None


@dataclass(frozen=True)
class StreamFiles:
    """One stream of a process, by the path of its files without their suffixes."""

    folder: Path
    name: str

    def notes(self) -> StreamNotes:
        """Read the notes as they are now."""
        notes = StreamNotes()
        path = self.folder / f"{self.name}.sites"
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    _take_note(json.loads(line), notes)
        return notes

    def operations(self) -> GrowingRecords:
        """The operations, from the first."""
        return GrowingRecords(self.folder / f"{self.name}.operations", OPERATION_BYTES)

    def steps(self) -> GrowingRecords:
        """The steps, from the first."""
        return GrowingRecords(self.folder / f"{self.name}.steps", STEP_BYTES)

    def operation_at(self, sequence: int) -> OperationRecord | None:
        """The operation with this number, if it is recorded."""
        place = sequence - self.notes().first_sequence
        try:
            with (self.folder / f"{self.name}.operations").open("rb") as file:
                file.seek(max(place, 0) * OPERATION_BYTES.size)
                data = file.read(OPERATION_BYTES.size)
        except FileNotFoundError:
            return None
        if place < 0 or len(data) < OPERATION_BYTES.size:
            return None
        record = OperationRecord._make(OPERATION_BYTES.unpack(data))
        return record if record.site else None

    def all_operations(self) -> Iterator[OperationRecord]:
        """Every operation of a finished stream."""
        data = self.operations().read(finished=True)
        return map(OperationRecord._make, OPERATION_BYTES.iter_unpack(data))

    def all_steps(self) -> Iterator[StepRecord]:
        """Every step of a finished stream."""
        data = self.steps().read(finished=True)
        return map(StepRecord._make, STEP_BYTES.iter_unpack(data))


class GrowingRecords:
    """Reads a file of records in pieces, each time as far as it has been written."""

    def __init__(self, path: Path, layout: struct.Struct) -> None:
        self._path = path
        self._layout = layout
        self._offset = 0

    def read(self, *, finished: bool, most: int = -1) -> bytes:
        """The next whole records, ``most`` of them at the most.

        While the program runs, the last record may be half written, so it is left for later.
        """
        size = self._layout.size
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(most * size if most >= 0 else -1)
        except FileNotFoundError:
            return b""
        count = self._written(data)
        if not finished:
            count = max(0, count - 1)
        self._offset += count * size
        return data[: count * size]

    def _written(self, data: bytes) -> int:
        """How many records there are before the first whose leading number is 0, by bisection."""
        size = self._layout.size
        low, high = 0, len(data) // size
        while low < high:
            middle = (low + high) // 2
            if data[middle * size : middle * size + 4] == b"\0\0\0\0":
                high = middle
            else:
                low = middle + 1
        return low


@dataclass(frozen=True)
class ProcessTrace:
    """What one process has recorded."""

    folder: Path

    @property
    def key(self) -> str:
        """What the process is called in every run."""
        return self.folder.name

    @cached_property
    def header(self) -> Header:
        """The header. Raises ``TraceError`` for one of another version or one that is broken."""
        path = self.folder / "header.json"
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            version = fields.pop("version")
        except (OSError, ValueError, KeyError) as error:
            raise TraceError(f"{path}: cannot be read as a trace's header: {error}") from None
        if version != FORMAT_VERSION:
            raise TraceError(
                f"{path}: has version {version} of the trace's format, expected {FORMAT_VERSION}; "
                "record it again with this torchdet"
            )
        return Header(**{**fields, "command": tuple(fields["command"])})

    def streams(self) -> dict[str, StreamFiles]:
        """The streams by name, the main thread's first."""
        names = sorted(path.stem for path in self.folder.glob("*.sites"))
        names.sort(key=lambda name: name != "main")
        return {name: StreamFiles(self.folder, name) for name in names}


@dataclass(frozen=True)
class RunTrace:
    """The trace of a run: a folder with one for each process."""

    folder: Path

    def processes(self) -> dict[str, ProcessTrace]:
        """The processes that have recorded something, by key."""
        found = sorted(path.parent for path in self.folder.glob("*/header.json"))
        return {folder.name: ProcessTrace(folder) for folder in found}

    def count_operations(self) -> int:
        """How many operations are recorded."""
        return sum(
            len(stream.operations().read(finished=True)) // OPERATION_BYTES.size
            for process in self.processes().values()
            for stream in process.streams().values()
        )

    def count_steps(self) -> int:
        """How many steps of optimizers are recorded, over all processes."""
        return sum(
            len(stream.steps().read(finished=True)) // STEP_BYTES.size
            for process in self.processes().values()
            for stream in process.streams().values()
        )


def _take_note(note: dict[str, object], notes: StreamNotes) -> None:
    match note:
        case {"site": int(number), "operation": str(operation), "kind": kind, "phase": phase,
              "stack": list(stack)}:  # fmt: skip
            frames = tuple(Frame(*frame) for frame in stack)
            notes.sites[number] = Site(operation, SiteKind(kind), Phase(phase), frames)
        case {"sequence": int(sequence)}:
            notes.first_sequence = sequence
        case {"seeding": dict(seeding)}:
            notes.seedings.append(Seeding(**seeding))
