"""Gives each thread that the program starts a recorder of its own: torch keeps modes by thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from torchdet.verify.recorder.replacing import Function, watch_calls


def watch_threads(recorder: Callable[[], AbstractContextManager[object]]) -> None:
    """Record the threads that start from now on, each within what ``recorder`` makes for it."""

    def watch(start: Function) -> Function:
        def recorded_start(thread: threading.Thread) -> object:
            run = thread.run

            def recorded_run() -> None:
                with recorder():
                    run()

            vars(thread)["run"] = recorded_run
            return start(thread)

        return recorded_start

    watch_calls(threading.Thread, "start", watch)
