"""Work on files, in portions: what processes get, and what they answer."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import SourceFile
from torchdet.engine.faults import internal_error
from torchdet.engine.machine import has_grown

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


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Files for one process, which may be the last to try them.

    ``alone`` is whether no other such chunk may be at work meanwhile.
    """

    files: tuple[SourceFile, ...]
    last_try: bool = False
    alone: bool = False

    def apart(self) -> list[FileChunk]:
        """Its files, each by itself, to find the one on which a process dies."""
        return [replace(self, files=(file,), last_try=True) for file in self.files]

    def after(self, count: int) -> FileChunk:
        """What is left when the first ``count`` files are done."""
        return replace(self, files=self.files[count:])


def chunks_of(files: Sequence[SizedFile]) -> deque[FileChunk]:
    """Files in portions of similar size, the largest files first, so that no straggler is left."""
    chunks: list[list[SourceFile]] = []
    alone: list[FileChunk] = []
    size = _CHUNK_BYTES
    for item in sorted(files, key=lambda item: -item.size):
        if item.size >= _VERY_LARGE:
            alone.append(FileChunk((item.file,), alone=True))
            continue
        if size >= _CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(item.file)
        size += item.size
    return deque((*alone, *(FileChunk(tuple(chunk)) for chunk in chunks)))


@dataclass(frozen=True, slots=True)
class ChunkResult(Generic[_Result]):
    """What a process answers: the results for the first files of a chunk, for all unless it grew.

    ``grown`` is whether it holds so much memory that it should be replaced.
    """

    results: list[_Result]
    grown: bool


def run_chunk(files: Sequence[SourceFile], task: FileTask[_Result]) -> ChunkResult[_Result]:
    """What one process does with a chunk of files; a tree lives only while its file is at hand."""

    def run() -> ChunkResult[_Result]:
        results: list[_Result] = []
        for file in files:
            results.append(run_task(file, task))
            if has_grown():
                return ChunkResult(results, grown=True)
        return ChunkResult(results, grown=False)

    return run_with_deep_stack(run)


def run_task(file: SourceFile, task: FileTask[_Result]) -> _Result:
    """The result of ``task`` for ``file``; what it raises is a fault of ours."""
    try:
        return task(file)
    except Exception as error:  # noqa: BLE001 -- a fault of ours must not hide the other files
        return task.lost(file, internal_error(error))
