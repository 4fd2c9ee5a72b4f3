"""Keeps what a run printed, for the next run with the same command line."""

from __future__ import annotations

import contextlib

from torchdet.cli._file_options import FileOptions
from torchdet.engine.footprint import Footprint
from torchdet.engine.manifest import run_key, write_manifest
from torchdet.private_folder import FolderNotOursError


class RememberedRun:
    """What the next run with the same ``arguments`` needs to know of this one.

    Nothing is remembered of a run without ``arguments`` or without a cache, of one over standard
    input, nor of one that has had something to say beside its output.
    """

    def __init__(self, files: FileOptions, arguments: tuple[str, ...] | None) -> None:
        remembers = files.cache_folder is not None and not files.reads_stdin
        self._arguments = arguments if remembers else None
        self.footprint = Footprint((*files.paths, "."))
        if files.config is not None:
            self.footprint.read(str(files.config))

    def forget(self) -> None:
        """Remember nothing of this run: it said more than its output."""
        self._arguments = None

    def remember(self, output: str, code: int) -> None:
        """Keep what was printed until something changes that it depends on."""
        if self._arguments is None:
            return
        key, states = run_key(self._arguments), self.footprint.states()
        if key is None or states is None:
            return
        # Like any cache that cannot be written, it costs the next run its time.
        with contextlib.suppress(OSError, UnicodeError, FolderNotOursError):
            write_manifest(key, output, code, states)
