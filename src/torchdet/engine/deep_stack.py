"""Runs a function on a stack that deeply nested source code does not overflow.

LibCST's parser recurses in native code and its code generation in Python. A chain of 5,000 calls
kills a process with the usual 8 MiB; with the stack given here it is parsed. Memory is reserved,
not used: only the pages that a file really needs are ever touched.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

_STACK_BYTES = 512 * 1024 * 1024
_RECURSION_LIMIT = 100_000

_Result = TypeVar("_Result")


def run_with_deep_stack(function: Callable[[], _Result]) -> _Result:
    """Call ``function`` in a thread with a large stack; its result or exception is passed on.

    The recursion limit and the stack size of later threads are as before when it returns.
    """
    results: list[_Result] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 -- passed on to the caller's thread
            errors.append(error)

    limit = sys.getrecursionlimit()
    size = threading.stack_size(_STACK_BYTES)
    try:
        sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
        thread = threading.Thread(target=call, name="torchdet-check")
        thread.start()
        threading.stack_size(size)
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]
