"""Checks many files, and does no work twice: the reports on files in the order of their paths."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdet.engine.cache import ReportCache, prune
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.decode import searchable
from torchdet.engine.discover import SourceFile
from torchdet.engine.file_tasks import SizedFile
from torchdet.engine.footprint import Footprint
from torchdet.engine.pool import run_on_files
from torchdet.engine.project_files import file_settings
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_kinds import NOTEBOOK
from torchdet.read_file import UnsuitableFileError, read_file

Progress = Callable[[int], None]
"""Called with the number of files that were just finished."""


def check_files(
    files: Sequence[SourceFile],
    *,
    jobs: int,
    cache_folder: Path | None,
    progress: Progress | None = None,
    footprint: Footprint | None = None,
) -> list[FileReport]:
    """The reports on ``files``, in their order.

    Files in which no rule can fire, or whose report is cached, are done with at once; the rest
    goes to at most ``jobs`` processes. A file that makes a process die is reported as failed.
    ``footprint`` is told what was read.
    """
    tick = progress if progress is not None else _no_progress
    reports: dict[str, FileReport] = {}
    pending: list[tuple[SourceFile, int]] = []
    cache = ReportCache(cache_folder) if cache_folder is not None else None

    def finish(checked: Checked) -> None:
        reports[checked.report.path] = checked.report
        if footprint is not None:
            footprint.read(checked.report.path)
            footprint.asked(dict(checked.asked))
        tick(1)

    for file in files:
        known, size = _known_report(file, cache)
        if known is None:
            pending.append((file, size))
        else:
            finish(known)
    if pending:
        sized = [SizedFile(file, size) for file, size in pending]
        for checked in run_on_files(sized, _Check(cache_folder), jobs=jobs):
            finish(checked)
    if cache_folder is not None:
        prune(cache_folder.parent)
    return [reports[file.path] for file in files]


def _no_progress(_count: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The report on a file, and the state of each other path that was looked at for it."""

    report: FileReport
    asked: tuple[tuple[str, str], ...] = ()


def _known_report(file: SourceFile, cache: ReportCache | None) -> tuple[Checked | None, int]:
    """The report on a file that needs no parsing, or None; and the file's size in bytes."""
    data = read_source(file.path)
    if isinstance(data, FileReport):
        return Checked(data), 0
    settings = file_settings(file)
    kept = cache.get(file.path, data, settings) if cache is not None else None
    if kept is not None:
        return Checked(kept, settings.project.looked_at()), len(data)
    words = searchable(file.path, data)
    if words is None or file.path.endswith(NOTEBOOK) or settings.live_rules(words):
        return None, len(data)
    return Checked(FileReport(file.path)), len(data)


def read_source(path: str) -> bytes | FileReport:
    """The content of the file at ``path``, or the report that says why there is none."""
    try:
        return read_file(path)
    except OSError as error:
        is_stream = isinstance(error, UnsuitableFileError) and error.errno == errno.EINVAL
        hint = " ('-' reads standard input)" if is_stream else ""
        return failure(path, f"cannot be read: {error.strerror or error}{hint}")


@dataclass(frozen=True, slots=True)
class _Check:
    """The task of reading and checking one file, and keeping its report."""

    cache_folder: Path | None

    def __call__(self, file: SourceFile) -> Checked:
        return check_file(file, self.cache_folder)

    def lost(self, file: SourceFile, reason: str) -> Checked:
        return Checked(failure(file.path, reason))


def check_file(file: SourceFile, cache_folder: Path | None) -> Checked:
    """Read and check one file, and keep its report in the cache in ``cache_folder``, if any."""
    data = read_source(file.path)
    if isinstance(data, FileReport):
        return Checked(data)
    settings = file_settings(file)
    report = check_bytes(file.path, data, settings)
    if cache_folder is not None:
        ReportCache(cache_folder).put(file.path, data, settings, report)
    return Checked(report, settings.project.looked_at())
