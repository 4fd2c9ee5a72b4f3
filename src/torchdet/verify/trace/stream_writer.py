"""Writes the stream of one thread."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from torchdet.verify.trace.record_log import RecordLog
from torchdet.verify.trace.records import (
    FORMAT_VERSION,
    OPERATION_BYTES,
    STEP_BYTES,
    Header,
    Seeding,
    Site,
    StepRecord,
)


class StreamWriter:
    """The files of one stream in the folder of its process; each exists once it is needed."""

    def __init__(self, folder: Path, name: str) -> None:
        self.place = folder.name, name
        self._base = folder / name
        self._sites = 0
        self._operations: RecordLog | None = None
        self._steps: RecordLog | None = None
        self._notes: TextIO | None = None

    def site(self, site: Site) -> int:
        """Give a site its number, counted from 1."""
        self._sites += 1
        frames = [[frame.filename, frame.row, frame.function] for frame in site.stack]
        self._note({"site": self._sites, "operation": site.operation, "kind": site.kind.value,
                    "phase": site.phase.value, "stack": frames})  # fmt: skip
        return self._sites

    def gap(self, sequence: int) -> None:
        """Say that the next record has this number: those before it were not recorded."""
        self._note({"sequence": sequence})

    def seeding(self, seeding: Seeding) -> None:
        """Say which seed the draws from here on come from."""
        self._note({"seeding": asdict(seeding)})

    def operation(self, *fields: int) -> None:
        """Append an operation, by the fields of an ``OperationRecord``."""
        if self._operations is None:
            self._operations = RecordLog(self._path("operations"), OPERATION_BYTES)
        self._operations.append(*fields)

    def step(self, record: StepRecord) -> None:
        """Append a step."""
        if self._steps is None:
            self._opened_notes()  # a reader finds the stream by them
            self._steps = RecordLog(self._path("steps"), STEP_BYTES)
        self._steps.append(*record)

    def close(self) -> None:
        """Finish the files; without it they are whole, but padded with zeros."""
        for log in (self._operations, self._steps):
            if log is not None:
                log.close()
        if self._notes is not None:
            self._notes.close()

    def _path(self, suffix: str) -> Path:
        return self._base.with_name(f"{self._base.name}.{suffix}")

    def _note(self, note: dict[str, object]) -> None:
        notes = self._opened_notes()
        # A reader must know a site before it meets a record of it.
        notes.write(json.dumps(note, separators=(",", ":")) + "\n")
        notes.flush()

    def _opened_notes(self) -> TextIO:
        if self._notes is None:
            self._notes = self._path("sites").open("a", encoding="utf-8")
        return self._notes


def write_header(folder: Path, header: Header) -> None:
    """Write what is known of a process before its first record."""
    text = json.dumps({"version": FORMAT_VERSION, **asdict(header)}, indent=1)
    whole = folder / f"header-{os.getpid()}.tmp"
    whole.write_text(text, encoding="utf-8")
    whole.replace(folder / "header.json")  # a reader may look meanwhile
