"""Writes the trace of a block to a file: ``with rt.trace("a.trace"):``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torchdet.verify.trace.archive import pack_trace
from torchdet.verify.trace.trace_reader import RunTrace


@contextmanager
def trace_block(path: Path) -> Iterator[None]:
    """Record the block and write its trace to ``path``, also where it raises.

    Raises ``OSError`` where the file cannot be written.
    """
    from torchdet.verify.recorder.recording_block import recording_block

    with tempfile.TemporaryDirectory(prefix="torchdet-trace-") as folder:
        try:
            with recording_block(Path(folder)):
                yield
        finally:
            pack_trace(RunTrace(Path(folder)), path)
