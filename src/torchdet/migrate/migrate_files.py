"""A whole project: survey, plan and rewrite in rounds, until nothing is left to change.

Nothing is written here. Between the phases there are spans and texts of edits; every process reads
the files that it works on itself.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torchdet.engine.check import failure
from torchdet.engine.check_files import read_source
from torchdet.engine.discover import SourceFile
from torchdet.engine.faults import internal_error
from torchdet.engine.pool import SizedFile, run_on_files
from torchdet.engine.project_files import file_settings
from torchdet.engine.write_file import ChangedMeanwhileError
from torchdet.facts.parse import UnparseableError
from torchdet.findings.project_conditions import Condition
from torchdet.migrate.file_survey import Change, FileSurvey
from torchdet.migrate.plan import FilePlan, demanded, plan_files
from torchdet.migrate.readers import violated_by
from torchdet.migrate.rewrite import Attempt, Round, attempt, digest_of, origin, replay
from torchdet.migrate.runtime_layout import RuntimeLayout, layout_of
from torchdet.migrate.survey import Migration, survey_source
from torchdet.migrate.targets import target_of
from torchdet.model.config import MigrateConfig
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_fixes import FileChange
from torchdet.model.migration import FileMigration, Made, Refusal
from torchdet.model.source import DecodeError, SourceText
from torchdet.read_file import read_file
from torchdet.reading.project import ModuleSource

MAX_ROUNDS = 20
"""Changes that overlap wait for the next round, so that this bounds how deep they may nest."""

Progress = Callable[[int], None]
"""Called with a number of steps that were just finished; there are two for each file."""


@dataclass(frozen=True, slots=True)
class MigratedFile:
    """What is to become of one file.

    ``rounds`` are the edits of the bytes that had the ``digest`` when they were surveyed. ``new``
    is the content of a file that is to be made.
    """

    account: FileMigration
    digest: str = ""
    rounds: tuple[Round, ...] = ()
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
    if digest_of(data) != migrated.digest:
        raise ChangedMeanwhileError(errno.EBUSY, _CHANGED, migrated.account.path)
    source = SourceText.decode(data)
    return FileChange(data, source.encode(replay(source, migrated.rounds).text))


def as_found(migrated: MigratedFile, before: bytes) -> FileMigration:
    """The account of a file whose old content ``before`` stays: what it refuses, by places there.

    The account itself tells the places in the migrated text.
    """
    source = SourceText.decode(before)
    refusals = (
        replace(each, location=source.location(origin(each.location.offset, migrated.rounds)))
        for each in migrated.account.refusals
    )
    ordered = sorted(refusals, key=lambda each: each.location.offset)
    return replace(migrated.account, refusals=tuple(ordered))


def migrate_files(
    files: Sequence[SourceFile],
    config: MigrateConfig,
    *,
    jobs: int,
    progress: Progress | None = None,
    readers: Callable[[], Sequence[SourceFile]] | None = None,
) -> list[MigratedFile]:
    """What is to become of ``files``, in their order; of several paths to one file, the first.

    ``readers`` gives all files of the project, which may stand in the way of a change, where
    ``files`` are only a part of it. It is asked once such files matter.

    A change that is made in one place may lay bare another, and those that overlap wait for each
    other: the phases are repeated for the files that changed. A file whose changes do not settle
    stays as it is.
    """
    distinct = _distinct(files)
    operations = next((each.config.helper_operations for each in distinct), ())
    target = target_of(config.to, dict(operations))
    layout = RuntimeLayout() if config.facade else layout_of(distinct, target)
    migration = Migration(config, layout, target)
    project = _Project(
        distinct, readers or (lambda: distinct), migration, jobs, progress or _no_progress
    )
    project.survey()
    for _ in range(MAX_ROUNDS):
        if not project.advance():
            break
    return project.outcome()


def _no_progress(_count: int) -> None:
    """Nobody watches."""


def _distinct(files: Iterable[SourceFile]) -> list[SourceFile]:
    by_target: dict[str, SourceFile] = {}
    for file in files:
        by_target.setdefault(os.path.realpath(file.path), file)
    return list(by_target.values())


@dataclass(frozen=True, slots=True)
class _State:
    """One file between two rounds; ``settled`` when no further round can change it.

    ``runtime`` is whether it imports the runtime module of its package by now.
    """

    size: int
    digest: str
    survey: FileSurvey
    rounds: tuple[Round, ...] = ()
    made: tuple[Made, ...] = ()
    faulty: tuple[Refusal, ...] = ()
    settled: bool = False
    runtime: bool = False


@dataclass(slots=True)
class _Project:
    """The files of a run, and how far each of them is."""

    files: Sequence[SourceFile]
    readers: Callable[[], Sequence[SourceFile]]
    migration: Migration
    jobs: int
    progress: Progress
    states: dict[str, _State] = field(default_factory=dict)
    judged: dict[Condition, bool] = field(default_factory=dict)
    advanced: bool = False

    def survey(self) -> None:
        """Survey every file."""
        sized = [SizedFile(file, _size(file.path)) for file in self.files]
        for path, state in run_on_files(sized, _Survey(self.migration), jobs=self.jobs):
            self.states[path] = state
            self.progress(1)

    def advance(self) -> bool:
        """Plan and make one round of changes; whether there were any to make."""
        due = {plan.path: plan for plan in self._plans() if plan.changes}
        due = {path: plan for path, plan in due.items() if not self.states[path].settled}
        sized = [
            SizedFile(file, self.states[file.path].size) for file in self.files if file.path in due
        ]
        before = {path: self.states[path] for path in due}
        first = not self.advanced
        for path, state in run_on_files(
            sized, _Advance(self.migration, due, before), jobs=self.jobs
        ):
            self.states[path] = state
            self.progress(1 if first else 0)
        if first:
            self.progress(len(self.files) - len(due))
            self.advanced = True
        return bool(due)

    def outcome(self) -> list[MigratedFile]:
        """The account of each file, and of those that are made for them."""
        migrated = [_outcome(plan, self.states[plan.path]) for plan in self._plans()]
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

    def _plans(self) -> tuple[FilePlan, ...]:
        surveys = [self.states[file.path].survey for file in self.files]
        self._judge(demanded(surveys) - self.judged.keys())
        violated = frozenset(each for each, is_violated in self.judged.items() if is_violated)
        return plan_files(surveys, violated, unsafe=self.migration.config.unsafe)

    def _judge(self, conditions: frozenset[Condition]) -> None:
        """Find out which of ``conditions`` hold in the files as they are on the disk."""
        if not conditions:
            return
        sized = [SizedFile(file, _size(file.path)) for file in _distinct(self.readers())]
        self.judged |= dict.fromkeys(conditions, False)
        for violated in run_on_files(sized, _Judge(conditions), jobs=self.jobs):
            self.judged |= dict.fromkeys(violated, True)


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # gone meanwhile: reading it will tell


def _failed(path: str, report: FileReport) -> tuple[str, _State]:
    return path, _State(0, "", FileSurvey(path, failed=report), settled=True)


@dataclass(frozen=True, slots=True)
class _Survey:
    """The task of reading and surveying one file."""

    migration: Migration

    def __call__(self, file: SourceFile) -> tuple[str, _State]:
        data = read_source(file.path)
        if isinstance(data, FileReport):
            return _failed(file.path, data)
        survey = _survey(file, data, self.migration)
        return file.path, _State(len(data), digest_of(data), survey, settled=not survey.changes)

    def lost(self, file: SourceFile, reason: str) -> tuple[str, _State]:
        return _failed(file.path, failure(file.path, reason))


def _survey(file: SourceFile, data: bytes, migration: Migration) -> FileSurvey:
    try:
        return _survey_text(file, SourceText.decode(data), migration)
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
class _Advance:
    """The task of making the planned changes of one file, and surveying what comes of it."""

    migration: Migration
    plans: Mapping[str, FilePlan]
    states: Mapping[str, _State]

    def __call__(self, file: SourceFile) -> tuple[str, _State]:
        data, state, plan = read_source(file.path), self.states[file.path], self.plans[file.path]
        if isinstance(data, FileReport):
            return _failed(file.path, data)
        if digest_of(data) != state.digest:
            return _failed(file.path, failure(file.path, _CHANGED))
        before = SourceText.decode(data)
        source = replay(before, state.rounds)
        try:
            tried = attempt(source, plan)
        except RecursionError:
            tried = Attempt((), (), tuple((each, _TOO_DEEP) for each in plan.changes))
        if not tried.made:
            faulty = tuple(_faulty(change, fault) for change, fault in tried.faulty)
            return file.path, replace(state, faulty=faulty, settled=True)
        return file.path, self._advanced(file, state, before, tried)

    def _advanced(
        self, file: SourceFile, state: _State, before: SourceText, tried: Attempt
    ) -> _State:
        rounds = (*state.rounds, tried.fixes)
        source = replay(before, rounds)
        survey = _survey_text(file, source, self.migration)
        if survey.failed is not None:
            reason = f"the migrated text cannot be checked: {survey.failed.diagnostics[0].message}"
            faulty = tuple(_faulty(change, reason) for change in tried.made)
            return replace(state, faulty=faulty, settled=True)
        made = tuple(_made(each, before, state.rounds) for each in tried.made)
        runtime = state.survey.runtime
        return replace(
            state,
            survey=survey,
            rounds=rounds,
            made=(*state.made, *made),
            settled=not survey.changes,
            runtime=bool(runtime) and f"from {runtime} import" in source.text,
        )

    def lost(self, file: SourceFile, reason: str) -> tuple[str, _State]:
        return _failed(file.path, failure(file.path, reason))


_CHANGED = "it changed while torchdet was at work, and was left alone"
_TOO_DEEP = "the file is nested too deeply to compare it after the change"


def _made(change: Change, before: SourceText, rounds: tuple[Round, ...]) -> Made:
    """``change`` of what ``rounds`` made of ``before``."""
    place = before.location(origin(change.span.start.offset, rounds))
    return Made(change.code, place, change.fix.message)


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


def _outcome(plan: FilePlan, state: _State) -> MigratedFile:
    if state.survey.failed is not None:
        return MigratedFile(FileMigration(plan.path, failed=state.survey.failed))
    if plan.changes and not state.settled:
        unsettled = tuple(_faulty(change, _UNSETTLED) for change in plan.changes)
        return MigratedFile(FileMigration(plan.path, (), (*plan.refusals, *unsettled)))
    refusals = sorted((*plan.refusals, *state.faulty), key=lambda each: each.location.offset)
    faults = state.survey.faults
    failed = FileReport(plan.path, faults) if faults else None
    account = FileMigration(plan.path, state.made, tuple(refusals), failed)
    return MigratedFile(account, state.digest, state.rounds)


_UNSETTLED = f"its changes do not settle in {MAX_ROUNDS} rounds; the file was left alone"
