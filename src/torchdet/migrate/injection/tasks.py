"""The two steps of an injection over the files of a project, each a task for worker processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torchdet.engine.check_files import read_source
from torchdet.engine.decode import decode_source
from torchdet.engine.discover import SourceFile
from torchdet.engine.project_files import file_settings
from torchdet.engine.rounds import Progress, advance, offset_maps, origin, replay
from torchdet.facts.parse import UnparseableError
from torchdet.migrate.file_survey import Change, FileSurvey
from torchdet.migrate.injection.file_outline import FileOutline
from torchdet.migrate.injection.inject_file import CODE, InjectedFile, inject, outline_of
from torchdet.migrate.injection.reception import FileReception
from torchdet.model.diagnostic import FileReport
from torchdet.model.fix import Fix
from torchdet.model.migration import Made, Refusal
from torchdet.model.source import DecodeError, SourceText

FileProgress = Progress[FileSurvey, Change]


@dataclass(frozen=True, slots=True)
class OutlineTask:
    """Outline a file as it is after the rounds so far; None where it cannot be read."""

    progresses: Mapping[str, FileProgress]

    def __call__(self, file: SourceFile) -> tuple[str, FileOutline | None]:
        source = _current(file, self.progresses[file.path])
        if source is None:
            return file.path, None
        try:
            return file.path, outline_of(file.path, source, file_settings(file))
        except UnparseableError:
            return file.path, None

    def lost(self, file: SourceFile, reason: str) -> tuple[str, FileOutline | None]:
        del reason
        return file.path, None


def _current(file: SourceFile, progress: FileProgress) -> SourceText | None:
    data = read_source(file.path)
    if isinstance(data, FileReport):
        return None
    try:
        return replay(decode_source(file.path, data), progress.rounds)
    except DecodeError:
        return None


@dataclass(frozen=True, slots=True)
class Injected:
    """How far a file is after its injection; ``fault`` says why it cannot be made."""

    progress: FileProgress
    made: tuple[Made, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class InjectTask:
    """Write into a file what was decided for it."""

    progresses: Mapping[str, FileProgress]
    planned: Mapping[str, FileReception]

    def __call__(self, file: SourceFile) -> tuple[str, Injected]:
        progress = self.progresses[file.path]
        data = read_source(file.path)
        if isinstance(data, FileReport):
            return file.path, Injected(progress, fault="it cannot be read")
        before = decode_source(file.path, data)
        source = replay(before, progress.rounds)
        injected = inject(source, file_settings(file), self.planned[file.path])
        if injected.change is None:
            unwritten = injected.refusals if self.planned[file.path].changes else ()
            fault = next((each.reason for each in unwritten if each.location.offset == 0), None)
            return file.path, Injected(progress, (), injected.refusals, fault)
        work = _OneRound(injected.change)
        rest = Progress(progress.found, progress.rounds)
        after = advance(before, rest, work, leave_out_faulty=False)
        if after.has_ended:
            fault = after.faulty[0][1] if after.faulty else "its changes undo each other"
            refusal = Refusal(CODE, injected.change.span.start, fault, "make this change by hand")
            return file.path, Injected(progress, (), (refusal,), fault)
        kept = Progress(progress.found, after.rounds, progress.faulty, progress.stop)
        return file.path, Injected(
            kept, tuple(_made(before, progress, injected)), injected.refusals
        )

    def lost(self, file: SourceFile, reason: str) -> tuple[str, Injected]:
        return file.path, Injected(self.progresses[file.path], fault=reason)


def _made(before: SourceText, progress: FileProgress, injected: InjectedFile) -> Iterator[Made]:
    maps = offset_maps(progress.rounds)
    for location, message in injected.received:
        yield Made(CODE, before.location(origin(location.offset, maps)), message)


class _OneRound:
    """The work of a single round, the change of which is made as it is."""

    def __init__(self, change: Change) -> None:
        self._left = [change]

    def look(self, source: SourceText) -> FileSurvey:
        del source
        self._left.clear()
        return FileSurvey("")

    def choose(self, found: FileSurvey) -> tuple[Change, ...]:
        del found
        return tuple(self._left)

    def shared(self, found: FileSurvey, changes: object) -> tuple[Fix, ...]:
        del found, changes
        return ()
