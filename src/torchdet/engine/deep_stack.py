"""Runs a function where deep recursion is safe.

LibCST's parser is native code that takes some kilobytes of C stack for each level of nesting and
ends the process when the stack is used up; writing a tree back to text recurses in Python. Both
may need more room than the stack that a thread has by default (8 MiB on Linux, 0.5 to 1 MiB
elsewhere). The larger stack costs address space only, until something recurses into it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Result = TypeVar("_Result")

_STACK_MEBIBYTES = (512, 128, 32)  # tried in this order: a machine may bound its address space
_RECURSION_LIMIT = 100_000  # a Python frame takes less than 1 KiB of C stack, none since 3.11

_here = threading.local()
_lock = threading.Lock()
_raised_by = 0
_usual_limit = 0


def run_with_deep_stack(function: Callable[[], _Result]) -> _Result:
    """``function()``, run in a thread with a large stack and a high recursion limit.

    Costs a tenth of a millisecond, and nothing inside another such call, so that a loop over
    many files may be wrapped as a whole. What ``function`` raises is raised here. The recursion
    limit belongs to the process; it is put back when the last such call ends. Where no thread
    with a larger stack can be had, ``function`` runs on the stack that there is.

    >>> run_with_deep_stack(lambda: 1 + 1)
    2
    """
    if getattr(_here, "deep", False):
        return function()
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        _here.deep = True
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below, whatever it is
            errors.append(error)

    with _raised_recursion_limit():
        thread = _start(run)
        if thread is not None:
            thread.join()
    if thread is None:
        return function()
    if errors:
        raise errors[0]
    return results[0]


def _start(run: Callable[[], None]) -> threading.Thread | None:
    """A running thread with the largest stack that can be had; None when there is none.

    It is a daemon: after Ctrl-C the process ends without waiting for a parser that hangs.
    """
    with _lock:
        usual = threading.stack_size()
        try:
            for mebibytes in _STACK_MEBIBYTES:
                try:
                    threading.stack_size(mebibytes * 2**20)
                    thread = threading.Thread(target=run, name="torchdet", daemon=True)
                    thread.start()
                except (RuntimeError, ValueError):
                    continue
                return thread
        finally:
            threading.stack_size(usual)
    return None


@contextmanager
def _raised_recursion_limit() -> Iterator[None]:
    global _raised_by, _usual_limit  # noqa: PLW0603 - the limit itself is one for the process
    with _lock:
        if not _raised_by:
            _usual_limit = sys.getrecursionlimit()
            sys.setrecursionlimit(max(_usual_limit, _RECURSION_LIMIT))
        _raised_by += 1
    try:
        yield
    finally:
        with _lock:
            _raised_by -= 1
            if not _raised_by:
                sys.setrecursionlimit(_usual_limit)
