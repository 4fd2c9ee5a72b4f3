"""A run's trace as one file, and back."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from torchdet.verify.trace.trace_reader import RunTrace, TraceError


def pack_trace(trace: RunTrace, path: Path) -> None:
    """Write a trace to one file. Raises ``OSError``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for key, process in trace.processes().items():
            for file in sorted(process.folder.iterdir()):
                archive.write(file, f"{key}/{file.name}")


def open_trace(path: Path, below: Path) -> RunTrace:
    """Unpack a trace into a new folder in ``below``.

    Raises ``TraceError`` for a file that holds none.
    """
    folder = Path(tempfile.mkdtemp(dir=below))
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise TraceError(
            f"{path}: cannot be read as a trace: {error}; write one with `torchdet verify --record`"
        ) from None
    trace = RunTrace(folder)
    if not trace.processes():
        raise TraceError(f"{path}: holds no trace; write one with `torchdet verify --record`")
    for process in trace.processes().values():
        _ = process.header
    return trace
