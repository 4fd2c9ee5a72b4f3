"""The recording of one process: what is on, where it is written, and how children get their own."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from torchdet.verify.pool_tasks import PoolTask, watch_pool_tasks
from torchdet.verify.recorder.aftermath_capture import AftermathCapture
from torchdet.verify.recorder.compiled_regions import leave_compiler_alone, watch_compiled_regions
from torchdet.verify.recorder.dispatch_recorder import DispatchRecorder
from torchdet.verify.recorder.environment import environment_facts
from torchdet.verify.recorder.generators import GeneratorWatch
from torchdet.verify.recorder.memory_states import MemoryStates
from torchdet.verify.recorder.module_calls import watch_modules
from torchdet.verify.recorder.operation_capture import OperationCapture
from torchdet.verify.recorder.optimizer_steps import watch_optimizers
from torchdet.verify.recorder.received_tensors import leave_received_tensors_alone
from torchdet.verify.recorder.thread_stream import ThreadStream
from torchdet.verify.recorder.threads_of_program import watch_threads
from torchdet.verify.recording_spec import Level, RecordingSpec
from torchdet.verify.trace.records import Header
from torchdet.verify.trace.stream_writer import StreamWriter, write_header

MAIN = "main"
"""The key of the program's first process, and the name of each process's main stream."""


class _Current(threading.local):
    stream: ThreadStream | None = None
    task: PoolTask | None = None
    suspended: int = 0


class Session:
    """What one process records.

    ``step`` is the number of the step of an optimizer that is being prepared, from 1.
    ``knows_start`` is whether it begins with the program, and is handed on to what that starts.
    """

    def __init__(self, spec: RecordingSpec, *, knows_start: bool = True) -> None:
        self.spec = spec
        self.is_on = True
        self._is_handed_on = knows_start
        self.memory = MemoryStates()
        self.reads_inputs = spec.inputs
        self.generators = GeneratorWatch(knows_start=knows_start)
        self.step = 1
        self.in_optimizer = False
        self.optimizer_numbers: dict[int, int] = {}
        self.aftermath: AftermathCapture | None = None
        self._current = _Current()
        self._streams: list[ThreadStream] = []
        self._names: set[str] = set()
        self._folder: Path | None = None
        self._lock = threading.RLock()
        self.key = _key_below(spec.process)
        self._parent = spec.process
        self.is_forked = self._is_settled = False
        self._choose()

    @property
    def is_suspended(self) -> bool:
        """Whether nothing is recorded, or torch works for the recorder or in a compiled region."""
        return self._current.suspended > 0 or not self.is_on

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Leave this thread's operations alone for a block."""
        self.enter_suspension()
        try:
            yield
        finally:
            self.leave_suspension()

    def enter_suspension(self) -> None:
        """Leave this thread's operations alone until the matching ``leave_suspension``."""
        self._current.suspended += 1

    def leave_suspension(self) -> None:
        """End what ``enter_suspension`` began."""
        self._current.suspended -= 1

    def stream(self) -> ThreadStream:
        """The stream of this thread; the process and the stream come to be with it."""
        stream = self._current.stream
        if stream is None:
            with self._lock:
                folder, name = self._place_of_stream()
                stream = self._current.stream = ThreadStream(
                    StreamWriter(folder, name), self.generators
                )
                self._streams.append(stream)
        return stream

    @contextlib.contextmanager
    def task_of_pool(self, task: PoolTask) -> Iterator[None]:
        """Record a task in a stream of its own, whichever thread runs it."""
        current = self._current
        before = current.stream, current.task
        current.stream, current.task = None, task
        try:
            yield
        finally:
            made = self._current.stream
            if made is not None:
                self._end(made)
            current.stream, current.task = before

    def ended_step(self) -> None:
        """An optimizer has made a step."""
        self.step += 1
        self._choose()

    def capture_for(self, stream: ThreadStream) -> OperationCapture | None:
        """Where the values of this thread's next operation go, if they are wanted."""
        target = self.spec.capture
        if target is None or stream.sequence not in (target.sequence, target.forward):
            return None
        if stream.writer.place != (target.process, target.stream):
            return None
        folder, is_target = Path(self.spec.folder), stream.sequence == target.sequence
        if is_target and target.with_aftermath:
            self.aftermath = AftermathCapture(folder)
        return OperationCapture(folder, is_target)

    def close(self) -> None:
        """Write what still waits for an accelerator, and finish the files."""
        for stream in list(self._streams):
            self._end(stream)

    def begin(self, spec: RecordingSpec) -> None:
        """Record from now on, into a new folder."""
        self._renew(spec)
        self.key = _key_below(spec.process)
        self.is_forked = self._is_settled = False
        self.is_on = True
        self._choose()

    def end(self) -> None:
        """Record no more, until ``begin``."""
        self.close()
        self.is_on = False

    def begin_again_in_child(self) -> None:
        """Record into files of its own in a process that was forked."""
        handed = RecordingSpec.of_process(os.environ) if self._is_handed_on else None
        self._renew(handed or replace(self.spec, process=self.key))
        self.is_forked, self._is_settled = True, False

    def _renew(self, spec: RecordingSpec) -> None:
        self.spec = spec
        self._parent = spec.process
        self._current = _Current()
        self._streams = []
        self._names = set()
        self._folder = None
        self._lock = threading.RLock()
        self.step = 1
        self.in_optimizer = False
        self.optimizer_numbers = {}

    def _end(self, stream: ThreadStream) -> None:
        with self._lock:
            if stream not in self._streams:
                return  # its block has ended before its task
            self._streams.remove(stream)
        with self.suspended():
            stream.queue.flush()
        stream.writer.close()

    def _choose(self) -> None:
        window, stepped = self.spec.window, self.spec.stepped
        inside = window is None or self.key not in stepped or self.step in window
        self.is_recording = self.spec.level is not Level.STEP and inside

    def _claimed_folder(self) -> Path:
        if self._folder is None:
            self._folder = _claim(Path(self.spec.folder), self.key)
            _write_header(self._folder)
        return self._folder

    def _place_of_stream(self) -> tuple[Path, str]:
        """The folder and the name of a new stream of this thread."""
        self._settle_in_child()
        task = self._current.task
        if task is None or task.is_local:
            wanted = _thread_name() if task is None else task.name
            return self._claimed_folder(), self._free_name(wanted)
        # The workers of a pool share a folder: which of them runs a task says nothing.
        shared = Path(self.spec.folder) / f"{self._parent}.pool"
        shared.mkdir(exist_ok=True)
        if not (shared / "header.json").exists():
            _write_header(shared)
        return shared, _letters(task.name)

    def _settle_in_child(self) -> None:
        """Give a forked process that runs something of torch a name of its own, once."""
        if self.is_forked and not self._is_settled:
            self._is_settled = True
            self.key = _key_below(self.spec.process)
            if self._is_handed_on:
                self.spec.hand_on(self.key)
            self._choose()
            _close_at_end_of_child(self)

    def _free_name(self, wanted: str) -> str:
        name = _letters(wanted)
        free, number = name, 1
        while free in self._names:
            number += 1
            free = f"{name}-{number}"
        self._names.add(free)
        return free


def start_recording(spec: RecordingSpec) -> Session:
    """Record this process from now on, and the processes and threads that it starts."""
    session = Session(spec)
    spec.hand_on(session.key)
    watch_process(session)
    if spec.level is Level.OPERATION:
        DispatchRecorder(session).switch_on()
    atexit.register(session.close)
    return session


def watch_process(session: Session) -> None:
    """Have torch, threads, pools and forks tell ``session`` of what they do, while it is on."""
    leave_compiler_alone(session)
    leave_received_tensors_alone(session)
    watch_optimizers(session)
    watch_pool_tasks(session.task_of_pool)
    level = session.spec.level
    if level is Level.MODULE:
        watch_modules(session)
    if level is Level.OPERATION:
        watch_compiled_regions(session)
        watch_threads(lambda: DispatchRecorder(session) if session.is_on else nullcontext())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=session.begin_again_in_child)


def _key_below(parent: str) -> str:
    """What a process is called, the same in each run: by its rank, its name or its program."""
    if not parent:
        return MAIN
    rank = os.environ.get("RANK")
    if rank is not None and f"rank{rank}" not in parent.split("."):
        return f"{parent}.rank{rank}"
    name = multiprocessing.current_process().name
    if name == "MainProcess":
        name = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] else "python"
    return f"{parent}.{_letters(name)}"


def _thread_name() -> str:
    thread = threading.current_thread()
    return MAIN if thread is threading.main_thread() else thread.name


def _letters(name: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in name)


def _write_header(folder: Path) -> None:
    rank = os.environ.get("RANK", "")
    number = int(rank) if rank.isdigit() else None
    write_header(folder, Header(folder.name, tuple(sys.orig_argv), number, environment_facts()))


def _claim(run: Path, key: str) -> Path:
    number = 1
    while True:
        folder = run / (key if number == 1 else f"{key}~{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _close_at_end_of_child(session: Session) -> None:
    """Have a child of ``multiprocessing`` finish its files: it ends without Python's own exit."""
    if multiprocessing.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, session.close, exitpriority=0)
