"""Appends records to a file that other processes read meanwhile and that outlives a kill."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path


class RecordLog:
    """A growing file of records of one size, written through a map of its last part.

    A memory map needs no flush: whatever was written is in the file when the process dies.
    """

    def __init__(self, path: Path, layout: struct.Struct) -> None:
        self._layout = layout
        # The offsets of maps must be multiples of the granularity, those of records of their size.
        self._part = layout.size * mmap.ALLOCATIONGRANULARITY * 4
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _CLOSED_ON_EXEC)
        self._start = 0
        self._offset = 0
        self._map = self._map_part()

    def append(self, *fields: int) -> None:
        """Write one record."""
        if self._offset == self._part:
            self._map.close()
            self._start += self._part
            self._offset = 0
            self._map = self._map_part()
        self._layout.pack_into(self._map, self._offset, *fields)
        self._offset += self._layout.size

    def close(self) -> None:
        """Cut the file to what was written."""
        self._map.close()
        os.ftruncate(self._descriptor, self._start + self._offset)
        os.close(self._descriptor)

    def _map_part(self) -> mmap.mmap:
        os.ftruncate(self._descriptor, self._start + self._part)
        return mmap.mmap(self._descriptor, self._part, offset=self._start)


_CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
