"""Processes that work on chunks of files."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from torchdet.engine.file_tasks import ChunkResult, FileChunk, FileTask, run_chunk

_Result = TypeVar("_Result")

_DIED = "the process that worked on this file died; please report the file as a bug"


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process, and the chunk that it works on."""

    process: BaseProcess
    chunk: FileChunk


class ProcessPool(Generic[_Result]):
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

    def __enter__(self) -> ProcessPool[_Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.process.terminate()
        for connection, worker in self._workers.items():
            worker.process.join()
            connection.close()

    def run(self, pending: deque[FileChunk], jobs: int) -> Iterator[_Result]:
        """The results for all chunks of ``pending``. Raises what the task raises."""
        while pending or self._workers:
            while len(self._workers) < jobs and (chunk := self._next(pending)) is not None:
                self._start(chunk)
            for connection in wait(list(self._workers)):
                assert isinstance(connection, Connection)
                yield from self._receive(connection, pending)

    def _next(
        self, pending: deque[FileChunk], instead_of: Connection | None = None
    ) -> FileChunk | None:
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

    def _start(self, chunk: FileChunk) -> None:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(there, here, self._task), name="torchdet", daemon=True
        )
        with _no_interrupts():
            process.start()
            self._workers[here] = _Worker(process, chunk)
        there.close()
        self._give(here, chunk)

    def _give(self, connection: Connection, chunk: FileChunk) -> None:
        """Send ``chunk`` to a process; one that is dead already shows when it is to answer."""
        self._workers[connection] = _Worker(self._workers[connection].process, chunk)
        with contextlib.suppress(OSError):
            connection.send(chunk.files)

    def _receive(self, connection: Connection, pending: deque[FileChunk]) -> Iterator[_Result]:
        worker = self._workers[connection]
        try:
            answer: ChunkResult[_Result] | Exception = connection.recv()
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
                answer: ChunkResult[_Result] | Exception = run_chunk(files, task)
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
