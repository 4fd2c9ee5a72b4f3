"""Which mode a thread redirects with, and how a new thread gets its parent's.

Torch keeps its override modes per thread. While redirection is on, ``threading.Thread.start``
is replaced by a function that gives the new thread a mode of its own with its parent's settings;
a thread whose parent does not redirect starts as ever. Executors, timers and pools of threads
start theirs through the same method. A worker thread that an executor keeps belongs to the
parent that started it, not to the one that hands it work. Threads of C++ (autograd's) take the
modes of the thread that called ``backward`` with them: that is torch's own doing.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator

import torch
from torch import overrides
from torch.overrides import TorchFunctionMode

from torchdet.runtime.redirect.interrupts import see_through
from torchdet.runtime.redirect.mode import RedirectMode, Scope
from torchdet.runtime.redirect.rules import redirection_rules

_ABSENT = object()
_push_mode: Callable[[TorchFunctionMode], None] = overrides._push_mode
_pop_mode: Callable[[], TorchFunctionMode] = overrides._pop_mode


class _Current(threading.local):
    mode: RedirectMode | None = None


_current = _Current()


def current_mode() -> RedirectMode | None:
    """Return the mode that redirects this thread now, or None."""
    mode = _current.mode
    return mode if mode is not None and mode.enabled else None


@contextlib.contextmanager
def redirected(scope: Scope, *, override: bool, on_host: bool) -> Iterator[None]:
    """Redirect this thread by a mode of ``scope``; an outer mode waits meanwhile.

    Only one mode acts at a time: two would apply the table to each other's answers. A block that
    is left on another thread than it was entered on is switched off there.
    """
    outer = _innermost_open()
    mode = RedirectMode(scope, redirection_rules(), override=override, outer=outer)
    mode.stays_on_host = on_host or (outer is not None and outer.stays_on_host)
    home = threading.get_ident()

    def leave() -> None:
        scope.retire(mode)
        if threading.get_ident() == home:
            _remove(mode)
            if _current.mode is mode:
                _current.mode = outer
        if outer is not None:
            outer.scope.enlist(outer)

    try:
        try:
            if outer is not None:
                outer.enabled = False
            _remove_closed()
            _push_mode(mode)
            _current.mode = mode
            yield
        finally:
            see_through(leave)
    finally:
        see_through(leave)  # an interrupt can hit the first step of the one above


def _innermost_open() -> RedirectMode | None:
    """Return this thread's mode, passing over blocks that were left while one inside went on.

    Tasks of asyncio do that.
    """
    mode = _current.mode
    while mode is not None and not mode.scope.is_open:
        mode = mode.outer
    return mode


def _remove(mode: RedirectMode) -> None:
    """Take the mode off this thread's stack, from under modes that were left on it too."""
    if not _is_on_stack(mode):
        return
    above = []
    while torch._C._len_torch_function_stack():
        top = _pop_mode()
        if top is mode:
            break
        above.append(top)
    for each in reversed(above):
        _push_mode(each)


def _remove_closed() -> None:
    """Take off modes whose block was left while its exit was itself interrupted."""
    for each in _stack():
        if isinstance(each, RedirectMode) and not each.scope.is_open:
            _remove(each)


def redirected_backward(original: object) -> object:
    """Make the stand-in of the function that enters autograd's engine.

    Torch takes a mode off while it handles ``Tensor.backward``, and so while the program's own
    ``backward`` functions and hooks run inside. Here it is put back for them.
    """
    assert callable(original)

    @functools.wraps(original)
    def run_backward(*args: object, **kwargs: object) -> object:
        mode = current_mode()
        if mode is None or _is_on_stack(mode):
            return original(*args, **kwargs)
        _push_mode(mode)
        try:
            return original(*args, **kwargs)
        finally:
            _remove(mode)

    return run_backward


def _is_on_stack(mode: RedirectMode) -> bool:
    return mode in _stack()


def _stack() -> list[object]:
    """Return the override modes of this thread, the outermost first."""
    # No generators here: an interrupt that hits one while it is dropped is swallowed by Python.
    depth = torch._C._len_torch_function_stack()
    return [torch._C._get_function_stack_at(each) for each in range(depth)]


def inheriting_start(original: object) -> object:
    """Make the ``Thread.start`` that hands the parent's redirection on."""
    assert callable(original)

    @functools.wraps(original)
    def start(thread: threading.Thread) -> None:
        mode = current_mode()
        if mode is None:
            original(thread)
            return
        own, run = vars(thread), thread.run
        before, override = own.get("run", _ABSENT), mode.cpu_override

        def restore() -> None:
            if before is _ABSENT:
                own.pop("run", None)
            else:
                own["run"] = before

        def run_redirected() -> None:
            restore()
            with redirected(mode.scope, override=override, on_host=mode.stays_on_host):
                run()

        own["run"] = run_redirected
        try:
            original(thread)
        except BaseException:
            restore()  # it never ran, or it is running already under its first start
            raise

    return start


def _in_forked_child() -> None:
    mode = _current.mode
    while mode is not None:
        mode.stays_on_host = bool(mode.machine.accelerators)
        mode.scope.renew_lock()
        mode = mode.outer


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)
