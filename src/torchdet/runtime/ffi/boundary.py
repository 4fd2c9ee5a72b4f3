"""The boundary that no exception crosses: failures become values and a last error per thread.

A host in another language cannot catch a Python exception: raised inside a C callback it is
printed and lost, raised inside an embedded interpreter it stays pending and breaks the next
call. So every exported function answers a value of its own result type when it fails, and the
reason is kept for the thread that called.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


class FfiError(Exception):
    """A call that cannot be answered, with the sentence that the host may read.

    Example:
        >>> raise FfiError("handle 7 is not a live tensor handle")
        Traceback (most recent call last):
            ...
        torchdet.runtime.ffi.boundary.FfiError: handle 7 is not a live tensor handle
    """


class _LastError(threading.local):
    text: str = ""


_last_error = _LastError()


def last_error() -> str:
    """Say why this thread's latest exported call failed, or ``""`` when it succeeded."""
    return _last_error.text


def boundary(
    failure: Answer,
) -> Callable[[Callable[Parameters, Answer]], Callable[Parameters, Answer]]:
    """Make a function total: it answers ``failure`` instead of raising.

    Wrong argument counts and types are failures like any other. ``BaseException`` is caught on
    purpose: a ``KeyboardInterrupt`` or ``SystemExit`` that left through a foreign stack would be
    lost or would end a process that belongs to the host. It is reported like every failure, its
    name first, so a host can tell an interrupt and stop by its own means.

    Example:
        >>> @boundary(failure=-1)
        ... def half(number: int) -> int:
        ...     if number % 2:
        ...         raise FfiError(f"{number} is odd")
        ...     return number // 2
        >>> half(3), last_error()
        (-1, '3 is odd')
        >>> half(4), last_error()
        (2, '')
    """

    def decorate(function: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
        @functools.wraps(function)
        def call(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Answer:
            try:
                answer = function(*arguments, **keywords)
                _last_error.text = ""
            except BaseException as error:  # noqa: BLE001 - see the docstring
                _remember(error)
                return failure
            return answer

        return call

    return decorate


def _remember(error: BaseException) -> None:
    try:
        _last_error.text = _describe(error)
    except BaseException:  # noqa: BLE001 - an error whose own text fails must not cross either
        _last_error.text = type(error).__name__


def _describe(error: BaseException) -> str:
    if isinstance(error, FfiError):
        return str(error)
    return f"{type(error).__name__}: {error}"
