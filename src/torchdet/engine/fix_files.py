"""Fixes many files, without writing any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdet.engine.cache import ReportCache
from torchdet.engine.check import failure
from torchdet.engine.check_files import Progress, check_files, read_source
from torchdet.engine.converge import fix_bytes, is_fixable
from torchdet.engine.discover import SourceFile, distinct_files
from torchdet.engine.file_tasks import sized
from torchdet.engine.pool import run_on_files
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
    distinct = distinct_files(files)
    reports = check_files(distinct, jobs=jobs, cache_folder=cache_folder, progress=progress)
    results = {report.path: FileFixes(report) for report in reports}
    fixable = [
        file
        for file, report in zip(distinct, reports, strict=True)
        if is_fixable(report, unsafe=unsafe)
    ]
    for fixes in run_on_files(sized(fixable), _Fix(unsafe, cache_folder), jobs=jobs):
        results[fixes.path] = fixes
    return list(results.values())


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
