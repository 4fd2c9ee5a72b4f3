"""Work on many files, over processes when there is enough to do."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import SourceFile

# Below this many bytes that need parsing, starting processes costs more than they save.
_WORTH_PROCESSES = 400_000
_CHUNK_BYTES = 200_000

_Result = TypeVar("_Result")
_Made_co = TypeVar("_Made_co", covariant=True)


class FileTask(Protocol[_Made_co]):
    """What is done with each file; it is pickled, and so is what it makes."""

    def __call__(self, file: SourceFile) -> _Made_co:
        """The result for ``file``."""

    def lost(self, file: SourceFile) -> _Made_co:
        """The result for a ``file`` that made the process die."""


@dataclass(frozen=True, slots=True)
class SizedFile:
    """A file that has to be parsed, and its size in bytes."""

    file: SourceFile
    size: int


def run_on_files(
    files: Sequence[SizedFile], task: FileTask[_Result], *, jobs: int
) -> Iterator[_Result]:
    """The results of ``task`` for each of ``files``, as they come.

    Much work goes to at most ``jobs`` processes, little of it stays in this one. A process that
    dies costs nothing but the file on which it does.
    """
    if jobs <= 1 or sum(sized.size for sized in files) < _WORTH_PROCESSES:
        for chunk in _chunks(files):
            yield from _run_chunk(chunk, task)
    else:
        yield from _run_in_processes(_chunks(files), task, jobs)


def _run_chunk(files: Sequence[SourceFile], task: FileTask[_Result]) -> list[_Result]:
    """What one process does with a chunk of files; a tree lives only while its file is at hand."""
    return run_with_deep_stack(lambda: [task(file) for file in files])


def _chunks(files: Sequence[SizedFile]) -> list[list[SourceFile]]:
    """Files in portions of similar size, the largest files first, so that no straggler is left."""
    chunks: list[list[SourceFile]] = []
    size = _CHUNK_BYTES
    for item in sorted(files, key=lambda item: -item.size):
        if size >= _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(item.file)
        size += item.size
    return chunks


def _run_in_processes(
    chunks: Sequence[list[SourceFile]], task: FileTask[_Result], jobs: int
) -> Iterator[_Result]:
    importlib.import_module("torchdet.engine.run_rules")  # once, for all that are forked below
    unfinished = list(range(len(chunks)))
    with _executor(min(jobs, len(chunks))) as executor:
        try:
            futures: dict[Future[list[_Result]], int] = {
                executor.submit(_run_chunk, chunk, task): number
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
        yield from _run_apart(chunks[number], task)


def _run_apart(files: list[SourceFile], task: FileTask[_Result]) -> list[_Result]:
    """The results for ``files`` by another process, after one of many made a shared one die."""
    with _executor(1) as executor:
        try:
            return executor.submit(_run_chunk, files, task).result()
        except BrokenProcessPool:
            pass
    if len(files) > 1:
        return [result for file in files for result in _run_apart([file], task)]
    return [task.lost(files[0])]


def _executor(workers: int) -> ProcessPoolExecutor:
    # Forking shares what is imported already and is safe while this process has one thread.
    forks = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forks else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def _start_worker() -> None:
    """Let Ctrl-C, which reaches every process of the terminal, end a worker without a word.

    And collect no garbage there either: see ``torchdet.cli._run``.
    """
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def available_cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
