"""Records a block of this process, such as a test, and nothing outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from torchdet.verify.pool_tasks import name_pool_tasks
from torchdet.verify.recorder.dispatch_recorder import DispatchRecorder
from torchdet.verify.recorder.session import Session, watch_process
from torchdet.verify.recording_spec import Level, RecordingSpec

_NOTHING = RecordingSpec("", Level.OPERATION)


@contextmanager
def recording_block(folder: Path) -> Iterator[None]:
    """Record every operation of this thread, and of threads and forks that begin in the block.

    Blocks do not nest: raises ``RuntimeError`` inside another.
    """
    session = _session_of_blocks()
    if session.is_on:
        raise RuntimeError("a block is being recorded already: traces do not nest")
    session.begin(RecordingSpec(str(folder), Level.OPERATION))
    try:
        with DispatchRecorder(session):
            yield
    finally:
        session.end()


@cache
def _session_of_blocks() -> Session:
    # What watches a process stays for good: it is made once, and idle between blocks.
    session = Session(_NOTHING, knows_start=False)
    session.end()
    name_pool_tasks()
    watch_process(session)
    return session
