"""Work on many files, over processes when there is enough to do."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeVar

from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import SourceFile
from torchdet.engine.file_tasks import FileTask, SizedFile, chunks_of, run_task

# Below this many bytes that need parsing, starting processes costs more than they save.
_WORTH_PROCESSES = 400_000

_Result = TypeVar("_Result")


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
        for chunk in chunks_of(files):
            yield from run_with_deep_stack(partial(_all_of, chunk.files, task))
    else:
        from torchdet.engine.processes import ProcessPool  # brings multiprocessing

        importlib.import_module("torchdet.engine.run_rules")  # once, for all forked processes
        with ProcessPool(task) as pool:
            yield from pool.run(chunks_of(files), jobs)


def _all_of(files: Sequence[SourceFile], task: FileTask[_Result]) -> list[_Result]:
    return [run_task(file, task) for file in files]
