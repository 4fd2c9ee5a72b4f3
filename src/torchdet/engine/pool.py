"""Many files: over processes when there is enough to do, in the order of their paths."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from torchdet.engine.cache import ReportCache
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import SourceFile
from torchdet.engine.settings import settings_for
from torchdet.model.diagnostic import FileReport
from torchdet.rules.registry import triggered

# Below this many bytes that need parsing, starting processes costs more than they save.
_WORTH_PROCESSES = 400_000
_CHUNK_BYTES = 200_000

Progress = Callable[[int], None]
"""Called with the number of files that were just finished."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A file that has to be parsed, or was unreadable so far as anybody knows."""

    file: SourceFile
    size: int


def check_files(
    files: Sequence[SourceFile],
    *,
    jobs: int,
    cache_folder: Path | None,
    progress: Progress | None = None,
) -> list[FileReport]:
    """The reports on ``files``, in their order.

    Files in which no rule can fire, or whose report is cached, are done with at once; the rest
    goes to at most ``jobs`` processes when it is much, and stays in this one when it is little.
    A process that dies costs nothing but its own file, which is reported as failed.
    """
    tick = progress if progress is not None else _no_progress
    reports: dict[str, FileReport] = {}
    pending: list[_Pending] = []
    cache = ReportCache(cache_folder) if cache_folder is not None else None
    for file in files:
        report, size = _known_report(file, cache)
        if report is None:
            pending.append(_Pending(file, size))
        else:
            reports[file.path] = report
            tick(1)
    for report in _check_pending(pending, jobs, cache_folder):
        reports[report.path] = report
        tick(1)
    return [reports[file.path] for file in files]


def _no_progress(_count: int) -> None:
    """Nobody watches."""


def _known_report(file: SourceFile, cache: ReportCache | None) -> tuple[FileReport | None, int]:
    """The report on a file that needs no parsing, or None; and the file's size in bytes."""
    data = _read(file)
    if isinstance(data, FileReport):
        return data, 0
    settings = settings_for(file.path, file.module_name, file.config)
    if not triggered(settings.rules, data):
        return FileReport(file.path), len(data)
    return (cache.get(file.path, data, settings) if cache is not None else None), len(data)


def _read(file: SourceFile) -> bytes | FileReport:
    try:
        with open(file.path, "rb") as stream:
            return stream.read()
    except OSError as error:
        return failure(file.path, f"cannot be read: {error.strerror or error}")


def check_file(file: SourceFile, cache: ReportCache | None = None) -> FileReport:
    """Read and check one file, and keep its report in ``cache``."""
    data = _read(file)
    if isinstance(data, FileReport):
        return data
    settings = settings_for(file.path, file.module_name, file.config)
    report = check_bytes(file.path, data, settings)
    if cache is not None:
        cache.put(file.path, data, settings, report)
    return report


def _check_pending(
    pending: Sequence[_Pending], jobs: int, cache_folder: Path | None
) -> Iterable[FileReport]:
    total = sum(item.size for item in pending)
    if jobs <= 1 or total < _WORTH_PROCESSES:
        return _check_here(pending, cache_folder)
    return _check_in_processes(_chunks(pending), jobs, cache_folder)


def _check_here(pending: Sequence[_Pending], cache_folder: Path | None) -> Iterator[FileReport]:
    for item in pending:
        yield from _check_chunk([item.file], cache_folder)


def _check_chunk(files: Sequence[SourceFile], cache_folder: Path | None) -> list[FileReport]:
    """What one process does with a chunk of files; a tree lives only while its file is checked."""
    cache = ReportCache(cache_folder) if cache_folder is not None else None
    # Trees hold no cycles, so that reference counts free them; collecting only costs time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        return run_with_deep_stack(lambda: [check_file(file, cache) for file in files])
    finally:
        if enabled:
            gc.enable()


def _chunks(pending: Sequence[_Pending]) -> list[list[SourceFile]]:
    """Files in portions of similar size, the largest files first, so that no straggler is left."""
    chunks: list[list[SourceFile]] = []
    size = _CHUNK_BYTES
    for item in sorted(pending, key=lambda item: -item.size):
        if size >= _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(item.file)
        size += item.size
    return chunks


def _check_in_processes(
    chunks: Sequence[list[SourceFile]], jobs: int, cache_folder: Path | None
) -> Iterator[FileReport]:
    importlib.import_module("torchdet.engine.run_rules")  # once, for all that are forked below
    unfinished = list(range(len(chunks)))
    with _executor(min(jobs, len(chunks))) as executor:
        try:
            futures: dict[Future[list[FileReport]], int] = {
                executor.submit(_check_chunk, chunk, cache_folder): number
                for number, chunk in enumerate(chunks)
            }
            for future in as_completed(futures):
                yield from future.result()
                unfinished.remove(futures[future])
        except BrokenProcessPool:
            pass
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    for number in unfinished:
        yield from _check_apart(chunks[number], cache_folder)


def _check_apart(files: list[SourceFile], cache_folder: Path | None) -> list[FileReport]:
    """Check ``files`` in a process of their own, after one of many made a shared one die."""
    with _executor(1) as executor:
        try:
            return executor.submit(_check_chunk, files, cache_folder).result()
        except BrokenProcessPool:
            pass
    if len(files) > 1:
        return [report for file in files for report in _check_apart([file], cache_folder)]
    reason = "the process that checked this file died; please report the file as a bug"
    return [failure(files[0].path, reason)]


def _executor(workers: int) -> ProcessPoolExecutor:
    # Forking shares what is imported already and is safe while this process has one thread.
    forks = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forks else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def _start_worker() -> None:
    """Let Ctrl-C, which reaches every process of the terminal, end a worker without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def available_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
