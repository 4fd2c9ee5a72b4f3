"""Fixes many files, without writing any of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdet.engine.cache import ReportCache
from torchdet.engine.check import failure
from torchdet.engine.check_files import Progress, check_files, read_source
from torchdet.engine.converge import fix_bytes, is_fixable
from torchdet.engine.discover import SourceFile
from torchdet.engine.pool import SizedFile, run_on_files
from torchdet.engine.project_files import file_settings
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_fixes import FileFixes


def fix_files(
    files: Sequence[SourceFile],
    *,
    unsafe: bool,
    jobs: int,
    cache_folder: Path | None,
    progress: Progress | None = None,
) -> list[FileFixes]:
    """The fixes of ``files``, in their order; of several paths to one file, the first counts.

    All files are checked first, which costs little where reports are cached; only those with
    something to fix are looked at again.
    """
    distinct = _distinct(files)
    reports = check_files(distinct, jobs=jobs, cache_folder=cache_folder, progress=progress)
    results = {report.path: FileFixes(report) for report in reports}
    fixable = [
        SizedFile(file, _size(file.path))
        for file, report in zip(distinct, reports, strict=True)
        if is_fixable(report, unsafe=unsafe)
    ]
    for fixes in run_on_files(fixable, _Fix(unsafe, cache_folder), jobs=jobs):
        results[fixes.path] = fixes
    return list(results.values())


def _distinct(files: Iterable[SourceFile]) -> list[SourceFile]:
    """``files`` without those that are another's content under another name: a link."""
    by_target: dict[str, SourceFile] = {}
    for file in files:
        by_target.setdefault(os.path.realpath(file.path), file)
    return list(by_target.values())


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # gone meanwhile: reading it will tell


@dataclass(frozen=True, slots=True)
class _Fix:
    """The task of reading and fixing one file."""

    unsafe: bool
    cache_folder: Path | None

    def __call__(self, file: SourceFile) -> FileFixes:
        data = read_source(file.path)
        if isinstance(data, FileReport):
            return FileFixes(data)
        settings = file_settings(file)
        report = None
        if self.cache_folder is not None:
            report = ReportCache(self.cache_folder).get(file.path, data, settings)
        return fix_bytes(file.path, data, settings, unsafe=self.unsafe, report=report)

    def lost(self, file: SourceFile, reason: str) -> FileFixes:
        return FileFixes(failure(file.path, reason))
