"""A whole project: survey, plan and rewrite in rounds, until nothing is left to change.

Nothing is written here. Between the phases there are spans and texts of edits; every process reads
the files that it works on itself.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torchdet.engine.check import failure
from torchdet.engine.check_files import read_source
from torchdet.engine.decode import decode_source
from torchdet.engine.discover import SourceFile, distinct_files
from torchdet.engine.faults import internal_error
from torchdet.engine.file_tasks import SizedFile, sized
from torchdet.engine.pool import run_on_files
from torchdet.engine.project_files import file_settings
from torchdet.engine.rounds import (
    Progress,
    Round,
    UncheckableError,
    advance,
    offset_maps,
    origin,
    replay,
)
from torchdet.engine.write_file import ChangedMeanwhileError
from torchdet.facts.parse import UnparseableError
from torchdet.findings.project_conditions import Condition
from torchdet.migrate.file_survey import Change, FileSurvey
from torchdet.migrate.injection.reception import receptions
from torchdet.migrate.injection.tasks import InjectTask, OutlineTask
from torchdet.migrate.plan import demanded, plan_file
from torchdet.migrate.readers import violated_by
from torchdet.migrate.runtime_layout import RuntimeLayout, layout_of
from torchdet.migrate.survey import Migration, survey_source
from torchdet.migrate.targets import target_of
from torchdet.model.config import MigrateConfig
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_fixes import FileChange
from torchdet.model.fix import Fix
from torchdet.model.migration import FileMigration, Made, Refusal
from torchdet.model.source import DecodeError, SourceText
from torchdet.read_file import read_file
from torchdet.reading.project import ModuleSource

Advance = Callable[[int], None]
"""Called with a number of steps that were just finished; there are two for each file."""


@dataclass(frozen=True, slots=True)
class MigratedFile:
    """What is to become of one file.

    ``rounds`` are the changes of the bytes that had the ``digest`` when they were surveyed. ``new``
    is the content of a file that is to be made.
    """

    account: FileMigration
    digest: str = ""
    rounds: tuple[Round[Change], ...] = ()
    new: bytes | None = None


def change_of(migrated: MigratedFile) -> FileChange | None:
    """The bytes of the file before and after, read now; None when it stays as it is.

    Raises ``OSError`` when it cannot be read, or is no longer what was surveyed.
    """
    if migrated.new is not None:
        return FileChange(b"", migrated.new)
    if not migrated.rounds:
        return None
    data = read_file(migrated.account.path)
    if _digest(data) != migrated.digest:
        raise ChangedMeanwhileError(errno.EBUSY, _CHANGED, migrated.account.path)
    source = decode_source(migrated.account.path, data)
    return FileChange(data, source.encode(replay(source, migrated.rounds).text))


def _digest(data: bytes) -> str:
    """What tells whether a file is still what was surveyed."""
    return hashlib.sha256(data).hexdigest()


def as_found(migrated: MigratedFile, before: bytes) -> FileMigration:
    """The account of a file whose old content ``before`` stays: what it refuses, by places there.

    The account itself tells the places in the migrated text.
    """
    source = decode_source(migrated.account.path, before)
    maps = offset_maps(migrated.rounds)
    refusals = (
        replace(each, location=source.location(origin(each.location.offset, maps)))
        for each in migrated.account.refusals
    )
    ordered = sorted(refusals, key=lambda each: each.location.offset)
    return replace(migrated.account, refusals=tuple(ordered))


def migrate_files(
    files: Sequence[SourceFile],
    config: MigrateConfig,
    *,
    jobs: int,
    progress: Advance | None = None,
    readers: Callable[[], Sequence[SourceFile]] | None = None,
) -> list[MigratedFile]:
    """What is to become of ``files``, in their order; of several paths to one file, the first.

    ``readers`` gives all files of the project, where ``files`` are only a part of it: how they
    import each other decides how the migrated ones import the runtime module, and they may stand
    in the way of a change.

    A change that is made in one place may lay bare another, and those that overlap wait for each
    other: the phases are repeated for the files that changed. A file whose changes do not settle
    stays as it is.
    """
    distinct = distinct_files(files)
    operations = next((each.config.helper_operations for each in distinct), ())
    target = target_of(config.to, dict(operations))
    everything = distinct_files([*distinct, *readers()]) if readers is not None else distinct
    layout = RuntimeLayout() if config.facade else layout_of(everything, target)
    layout = replace(layout, injected=config.inject)
    migration = Migration(config, layout, target)
    project = _Project(distinct, everything, migration, jobs, progress or _no_progress)
    project.survey()
    project.advance()
    if config.inject:
        project.inject()
    return project.outcome()


def _no_progress(_count: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class _State:
    """One file between two phases.

    ``runtime`` is whether it imports the runtime module of its package by now. ``refused`` are
    functions and classes that do not receive the handle.
    """

    size: int
    digest: str
    progress: Progress[FileSurvey, Change]
    made: tuple[Made, ...] = ()
    runtime: bool = False
    refused: tuple[Refusal, ...] = ()

    @property
    def survey(self) -> FileSurvey:
        """What the file looks like after the rounds so far."""
        return self.progress.found


@dataclass(slots=True)
class _Project:
    """The files of a run, and how far each of them is."""

    files: Sequence[SourceFile]
    readers: Sequence[SourceFile]
    migration: Migration
    jobs: int
    progress: Advance
    states: dict[str, _State] = field(default_factory=dict)
    judged: dict[Condition, bool] = field(default_factory=dict)

    def survey(self) -> None:
        """Survey every file."""
        for path, state in run_on_files(sized(self.files), _Survey(self.migration), jobs=self.jobs):
            self.states[path] = state
            self.progress(1)

    def advance(self) -> None:
        """Change each file in rounds; a round that lays bare new conditions waits for them."""
        due = [file for file in self.files if self.states[file.path].survey.changes]
        self.progress(len(self.files) - len(due))
        step = 1
        while due:
            self._judge(frozenset().union(*map(self._undecided, due)))
            before = {file.path: self.states[file.path] for file in due}
            task = _Rounds(self.migration, before, self.judged)
            files = [SizedFile(file, before[file.path].size) for file in due]
            for path, state in run_on_files(files, task, jobs=self.jobs):
                self.states[path] = state
                self.progress(step)
            step = 0
            due = [file for file in due if self._undecided(file)]

    def inject(self) -> None:
        """Let functions and classes receive the handle, in all files or in none."""
        found = [file for file in self.files if self.states[file.path].survey.failed is None]
        found = [file for file in found if self.states[file.path].progress.stop is None]
        files = [SizedFile(file, self.states[file.path].size) for file in found]
        outlines = dict(run_on_files(files, OutlineTask(self._progresses()), jobs=self.jobs))
        known = {path: each for path, each in outlines.items() if each is not None}
        planned = receptions(known)
        task = InjectTask(self._progresses(), planned)
        due = [file for file in files if file.file.path in planned]
        injected = dict(run_on_files(due, task, jobs=self.jobs))
        whole = all(each.fault is None for each in injected.values())
        for path, each in injected.items():
            state = self.states[path]
            if whole:
                state = replace(state, progress=each.progress, made=(*state.made, *each.made))
            elif each.fault is None:
                continue
            self.states[path] = replace(state, refused=each.refusals)

    def _progresses(self) -> dict[str, Progress[FileSurvey, Change]]:
        return {path: state.progress for path, state in self.states.items()}

    def _undecided(self, file: SourceFile) -> frozenset[Condition]:
        """The conditions that stand between ``file`` and its next round."""
        state = self.states[file.path]
        if state.progress.has_ended:
            return frozenset()
        return demanded([state.survey]) - self.judged.keys()

    def outcome(self) -> list[MigratedFile]:
        """The account of each file, and of those that are made for them."""
        violated, unsafe = _violated(self.judged), self.migration.config.unsafe
        states = (self.states[file.path] for file in self.files)
        migrated = [_outcome(state, violated, unsafe=unsafe) for state in states]
        return [*migrated, *self._runtime_modules(migrated)]

    def _runtime_modules(self, migrated: Iterable[MigratedFile]) -> Iterator[MigratedFile]:
        """The runtime modules that migrated files import and that are not there yet."""
        paths = {each.account.path for each in migrated if each.rounds}
        using = {path for path in paths if self.states[path].runtime}
        modules = dict.fromkeys(self.migration.layout.module_for(path) for path in sorted(using))
        for module in modules:
            if module is not None and not module.exists:
                account = FileMigration(os.path.relpath(module.path), new=True)
                yield MigratedFile(account, new=module.text.encode())

    def _judge(self, conditions: frozenset[Condition]) -> None:
        """Find out which of ``conditions`` hold in the files as they are on the disk."""
        if not conditions:
            return
        readers = sized(self.readers)
        self.judged |= dict.fromkeys(conditions, False)
        for violated in run_on_files(readers, _Judge(conditions), jobs=self.jobs):
            self.judged |= dict.fromkeys(violated, True)


def _violated(judged: Mapping[Condition, bool]) -> frozenset[Condition]:
    return frozenset(each for each, is_violated in judged.items() if is_violated)


def _failed(path: str, report: FileReport) -> tuple[str, _State]:
    return path, _State(0, "", Progress(FileSurvey(path, failed=report)))


@dataclass(frozen=True, slots=True)
class _Survey:
    """The task of reading and surveying one file."""

    migration: Migration

    def __call__(self, file: SourceFile) -> tuple[str, _State]:
        data = read_source(file.path)
        if isinstance(data, FileReport):
            return _failed(file.path, data)
        return file.path, _State(
            len(data), _digest(data), Progress(_survey(file, data, self.migration))
        )

    def lost(self, file: SourceFile, reason: str) -> tuple[str, _State]:
        return _failed(file.path, failure(file.path, reason))


def _survey(file: SourceFile, data: bytes, migration: Migration) -> FileSurvey:
    try:
        return _survey_text(file, decode_source(file.path, data), migration)
    except DecodeError as error:
        report = failure(file.path, error.reason, row=error.row, column=error.column)
        return FileSurvey(file.path, failed=report)


def _survey_text(file: SourceFile, source: SourceText, migration: Migration) -> FileSurvey:
    settings = file_settings(file)
    try:
        return survey_source(file.path, source, settings, migration)
    except UnparseableError as error:
        report = failure(file.path, error.reason, source, error.row, error.column)
    except Exception as error:  # noqa: BLE001 -- a fault of ours must not hide the other files
        report = failure(file.path, internal_error(error), source)
    return FileSurvey(file.path, failed=report)


@dataclass(frozen=True, slots=True)
class _Rounds:
    """The task of changing one file in rounds, as far as the ``judged`` conditions decide."""

    migration: Migration
    states: Mapping[str, _State]
    judged: Mapping[Condition, bool]

    def __call__(self, file: SourceFile) -> tuple[str, _State]:
        data, state = read_source(file.path), self.states[file.path]
        if isinstance(data, FileReport):
            return _failed(file.path, data)
        if _digest(data) != state.digest:
            return _failed(file.path, failure(file.path, _CHANGED))
        work = _Migrating(file, self.migration, self.judged, _violated(self.judged))
        source = decode_source(file.path, data)
        progress = advance(source, state.progress, work, leave_out_faulty=True)
        after = replay(source, progress.rounds).text
        runtime = state.survey.runtime or progress.found.runtime
        return file.path, replace(
            state,
            progress=progress,
            made=tuple(_made(source, progress)),
            runtime=state.runtime or (bool(runtime) and f"from {runtime} import" in after),
        )

    def lost(self, file: SourceFile, reason: str) -> tuple[str, _State]:
        return _failed(file.path, failure(file.path, reason))


@dataclass(frozen=True, slots=True)
class _Migrating:
    """The work of `engine.rounds` on ``file``."""

    file: SourceFile
    migration: Migration
    judged: Mapping[Condition, bool]
    violated: frozenset[Condition]

    def look(self, source: SourceText) -> FileSurvey:
        survey = _survey_text(self.file, source, self.migration)
        if survey.failed is not None:
            raise UncheckableError(survey.failed.diagnostics[0].message)
        return survey

    def choose(self, found: FileSurvey) -> tuple[Change, ...]:
        if not demanded([found]) <= self.judged.keys():
            return ()
        return plan_file(found, self.violated, unsafe=self.migration.config.unsafe).changes

    def shared(self, found: FileSurvey, changes: Sequence[Change]) -> tuple[Fix, ...]:
        return found.shared_by(changes)


_CHANGED = "it changed while torchdet was at work, and was left alone"


def _made(source: SourceText, progress: Progress[FileSurvey, Change]) -> Iterator[Made]:
    """What was changed, by the places in ``source``, the text before all rounds."""
    maps = offset_maps(progress.rounds)
    for index, done in enumerate(progress.rounds):
        for change in done.changes:
            place = source.location(origin(change.span.start.offset, maps[:index]))
            yield Made(change.code, place, change.fix.message)


def _faulty(change: Change, fault: str) -> Refusal:
    return Refusal(change.code, change.span.start, fault, "make this change by hand")


@dataclass(frozen=True, slots=True)
class _Judge:
    """The task of looking whether one file stands against ``conditions``."""

    conditions: frozenset[Condition]

    def __call__(self, file: SourceFile) -> frozenset[Condition]:
        data = read_source(file.path)
        if isinstance(data, FileReport):
            return frozenset()
        is_package = os.path.basename(file.path) == "__init__.py"
        reader = ModuleSource(file.module_name, data, is_package=is_package)
        return violated_by(reader, self.conditions)

    def lost(self, file: SourceFile, reason: str) -> frozenset[Condition]:
        del file, reason
        return self.conditions


def _outcome(state: _State, violated: frozenset[Condition], *, unsafe: bool) -> MigratedFile:
    survey, progress = state.survey, state.progress
    if survey.failed is not None:
        return MigratedFile(FileMigration(survey.path, failed=survey.failed))
    plan = plan_file(survey, violated, unsafe=unsafe)
    if progress.stop is not None:
        reason = f"its changes {progress.stop.value}; the file was left alone"
        unsettled = tuple(_faulty(change, reason) for change in plan.changes)
        return MigratedFile(FileMigration(survey.path, (), (*plan.refusals, *unsettled)))
    faulty = (_faulty(change, fault) for change, fault in progress.faulty)
    every = (*plan.refusals, *faulty, *state.refused)
    refusals = sorted(every, key=lambda each: each.location.offset)
    failed = FileReport(survey.path, survey.faults) if survey.faults else None
    account = FileMigration(survey.path, state.made, tuple(refusals), failed)
    return MigratedFile(account, state.digest, progress.rounds)
