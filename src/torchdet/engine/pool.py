"""Work on many files, over processes when there is enough to do."""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, Protocol, TypeVar

from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import SourceFile
from torchdet.engine.faults import internal_error
from torchdet.engine.machine import has_grown

# Below this many bytes that need parsing, starting processes costs more than they save.
_WORTH_PROCESSES = 400_000
_CHUNK_BYTES = 200_000
# A tree takes some 400 times the memory of its text: of such files one is done at a time.
_VERY_LARGE = 700_000

_Result = TypeVar("_Result")
_Made_co = TypeVar("_Made_co", covariant=True)


class FileTask(Protocol[_Made_co]):
    """What is done with each file; it is pickled, and so is what it makes."""

    def __call__(self, file: SourceFile) -> _Made_co:
        """The result for ``file``."""

    def lost(self, file: SourceFile, reason: str) -> _Made_co:
        """The result for a ``file`` that made the process die, or the task fail."""


@dataclass(frozen=True, slots=True)
class SizedFile:
    """A file that has to be parsed, and its size in bytes."""

    file: SourceFile
    size: int


def sized(files: Iterable[SourceFile]) -> list[SizedFile]:
    """``files`` with the sizes that they have now."""
    return [SizedFile(file, _size(file.path)) for file in files]


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0  # gone meanwhile: reading it will tell


def run_on_files(
    files: Sequence[SizedFile], task: FileTask[_Result], *, jobs: int
) -> Iterator[_Result]:
    """The results of ``task`` for each of ``files``, as they come.

    Much work goes to at most ``jobs`` processes, little of it stays in this one. A process that
    dies costs nothing but the file on which it does; one that has grown is replaced after the file
    on which it did; very large files are done one at a time. No process outlives this one, nor the
    iterator.
    """
    if sum(each.size for each in files) < _WORTH_PROCESSES:
        for chunk in _chunks(files):
            yield from run_with_deep_stack(partial(_all_of, chunk.files, task))
    else:
        importlib.import_module("torchdet.engine.run_rules")  # once, for all forked processes
        with _Pool(task) as pool:
            yield from pool.run(_chunks(files), jobs)


def _all_of(files: Sequence[SourceFile], task: FileTask[_Result]) -> list[_Result]:
    return [_run(file, task) for file in files]


@dataclass(frozen=True, slots=True)
class _Done(Generic[_Result]):
    """What a process answers: the results for the first files of a chunk, for all unless it grew.

    ``grown`` is whether it holds so much memory that it should be replaced.
    """

    results: list[_Result]
    grown: bool


def _run_chunk(files: Sequence[SourceFile], task: FileTask[_Result]) -> _Done[_Result]:
    """What one process does with a chunk of files; a tree lives only while its file is at hand."""

    def run() -> _Done[_Result]:
        results: list[_Result] = []
        for file in files:
            results.append(_run(file, task))
            if has_grown():
                return _Done(results, grown=True)
        return _Done(results, grown=False)

    return run_with_deep_stack(run)


def _run(file: SourceFile, task: FileTask[_Result]) -> _Result:
    try:
        return task(file)
    except Exception as error:  # noqa: BLE001 -- a fault of ours must not hide the other files
        return task.lost(file, internal_error(error))


_DIED = "the process that worked on this file died; please report the file as a bug"


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Files for one process, which may be the last to try them.

    ``alone`` is whether no other such chunk may be at work meanwhile.
    """

    files: tuple[SourceFile, ...]
    last_try: bool = False
    alone: bool = False

    def apart(self) -> list[_Chunk]:
        """Its files, each by itself, to find the one on which a process dies."""
        return [replace(self, files=(file,), last_try=True) for file in self.files]

    def after(self, count: int) -> _Chunk:
        """What is left when the first ``count`` files are done."""
        return replace(self, files=self.files[count:])


def _chunks(files: Sequence[SizedFile]) -> deque[_Chunk]:
    """Files in portions of similar size, the largest files first, so that no straggler is left."""
    chunks: list[list[SourceFile]] = []
    alone: list[_Chunk] = []
    size = _CHUNK_BYTES
    for item in sorted(files, key=lambda item: -item.size):
        if item.size >= _VERY_LARGE:
            alone.append(_Chunk((item.file,), alone=True))
            continue
        if size >= _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(item.file)
        size += item.size
    return deque((*alone, *(_Chunk(tuple(chunk)) for chunk in chunks)))


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process, and the chunk that it works on."""

    process: BaseProcess
    chunk: _Chunk


class _Pool(Generic[_Result]):
    """Processes, each with a pipe of its own.

    A process that is killed while it writes a result closes its pipe, and so spoils nothing but
    that result; those of ``concurrent.futures`` share one pipe, on which the others then wait for
    the rest of the message. A process whose parent is gone finds its pipe closed, and ends.
    """

    def __init__(self, task: FileTask[_Result]) -> None:
        self._task = task
        self._workers: dict[Connection, _Worker] = {}
        # Forking shares what is imported already and is safe while this process has one thread.
        forks = sys.platform == "linux" and threading.active_count() == 1
        self._context = (
            multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
        )

    def __enter__(self) -> _Pool[_Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.process.terminate()
        for connection, worker in self._workers.items():
            worker.process.join()
            connection.close()

    def run(self, pending: deque[_Chunk], jobs: int) -> Iterator[_Result]:
        """The results for all chunks of ``pending``. Raises what the task raises."""
        while pending or self._workers:
            while len(self._workers) < jobs and (chunk := self._next(pending)) is not None:
                self._start(chunk)
            for connection in wait(list(self._workers)):
                assert isinstance(connection, Connection)
                yield from self._receive(connection, pending)

    def _next(self, pending: deque[_Chunk], instead_of: Connection | None = None) -> _Chunk | None:
        """The next chunk that may be at work beside the others, taken out of ``pending``.

        ``instead_of`` is the process whose chunk is done.
        """
        others = (worker for each, worker in self._workers.items() if each is not instead_of)
        waits = any(worker.chunk.alone for worker in others)
        for index, chunk in enumerate(pending):
            if not (chunk.alone and waits):
                del pending[index]
                return chunk
        return None

    def _start(self, chunk: _Chunk) -> None:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(there, here, self._task), name="torchdet", daemon=True
        )
        with _no_interrupts():
            process.start()
            self._workers[here] = _Worker(process, chunk)
        there.close()
        self._give(here, chunk)

    def _give(self, connection: Connection, chunk: _Chunk) -> None:
        """Send ``chunk`` to a process; one that is dead already shows when it is to answer."""
        self._workers[connection] = _Worker(self._workers[connection].process, chunk)
        with contextlib.suppress(OSError):
            connection.send(chunk.files)

    def _receive(self, connection: Connection, pending: deque[_Chunk]) -> Iterator[_Result]:
        worker = self._workers[connection]
        try:
            answer: _Done[_Result] | Exception = connection.recv()
        except (EOFError, OSError):
            self._dismiss(connection)
            if worker.chunk.last_try:
                yield from (self._task.lost(file, _DIED) for file in worker.chunk.files)
            else:
                pending.extend(worker.chunk.apart())
            return
        if isinstance(answer, Exception):
            raise answer
        left = worker.chunk.after(len(answer.results))
        if left.files:
            pending.appendleft(left)
        chunk = None if answer.grown else self._next(pending, instead_of=connection)
        if chunk is None:
            self._dismiss(connection)
        else:
            self._give(connection, chunk)
        yield from answer.results

    def _dismiss(self, connection: Connection) -> None:
        """Have a process end, if it has not."""
        # Closing the pipe would not do: processes forked later hold copies of this end of it.
        with contextlib.suppress(OSError):
            connection.send(())
        self._workers.pop(connection).process.join()
        connection.close()


def _work(connection: Connection, parents_end: Connection, task: FileTask[_Result]) -> None:
    """What a process does: answer chunks of files with results, until there is no file in one.

    It ends, too, when its parent does.
    """
    parents_end.close()
    _let_interrupts_kill()
    gc.disable()  # see torchdet.cli._run
    with contextlib.suppress(EOFError, OSError):
        while files := connection.recv():
            try:
                answer: _Done[_Result] | Exception = _run_chunk(files, task)
            except Exception as error:  # noqa: BLE001 -- raised again where the results are used
                answer = error
            connection.send(answer)


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Have Ctrl-C wait, so that no process is started and forgotten, or dies with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_interrupts_kill() -> None:
    """Let Ctrl-C, which reaches every process of the terminal, end a worker without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
