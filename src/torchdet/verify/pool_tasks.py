"""Names the tasks that a program hands to pools of threads or processes.

Which worker gets a task is for the clock to decide. A task has the same name in every run, so it is
recorded under its own and not under its worker's. Standard library only: a worker need not have
imported torch.
"""

from __future__ import annotations

import functools
import importlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from torchdet.import_hook import when_imported

Function = Callable[..., object]


@dataclass(frozen=True, slots=True)
class PoolTask:
    """A task: its name, and the number of the process that has handed it in."""

    name: str
    submitter: int

    @property
    def is_local(self) -> bool:
        """Whether it runs in the process that has handed it in."""
        return self.submitter == os.getpid()


Watcher = Callable[[PoolTask], AbstractContextManager[None]]


class _Thread(threading.local):
    def __init__(self) -> None:
        self.task: PoolTask | None = None
        self.submitted: Counter[str] = Counter()


_thread = _Thread()
_watchers: list[Watcher] = []


def name_pool_tasks() -> None:
    """Name every task that is handed in from now on."""
    when_imported("concurrent.futures.thread", lambda: _name_submitted("thread"))
    when_imported("concurrent.futures.process", lambda: _name_submitted("process"))
    when_imported("multiprocessing.pool", lambda: _name_put("multiprocessing.pool"))
    when_imported("torch.multiprocessing.pool", lambda: _name_put("torch.multiprocessing.pool"))


def watch_pool_tasks(watcher: Watcher) -> None:
    """Run each task of this process within what ``watcher`` makes for it."""
    _watchers.append(watcher)


def run_task(task: PoolTask, function: Function, /, *args: object, **kwargs: object) -> object:
    """Run a task under its name. Workers find this function by its own."""
    with _running(task):
        return function(*args, **kwargs)


@contextmanager
def _running(task: PoolTask) -> Iterator[None]:
    before = _thread.task
    _thread.task = task
    try:
        with ExitStack() as stack:
            for watcher in _watchers:
                stack.enter_context(watcher(task))
            yield
    finally:
        _thread.task = before
        del _thread.submitted[task.name]


def _name_submitted(kind: str) -> None:
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    executor: type = ThreadPoolExecutor if kind == "thread" else ProcessPoolExecutor
    submit: Function = vars(executor)["submit"]

    def submit_named(
        pool: object, function: Function, /, *args: object, **kwargs: object
    ) -> object:
        return submit(pool, run_task, _next_task(), function, *args, **kwargs)

    setattr(executor, "submit", functools.wraps(submit)(submit_named))  # noqa: B010 -- a type of any name


def _name_put(module: str) -> None:
    """Name what pools of ``multiprocessing`` put into the queue of their workers."""
    found = vars(importlib.import_module(module))
    for pool in (found.get("Pool"), found.get("ThreadPool")):
        if isinstance(pool, type) and "_setup_queues" in vars(pool):
            _wrap_queues(pool)


def _wrap_queues(pool: type) -> None:
    set_up: Function = vars(pool)["_setup_queues"]

    def set_up_named(of: object) -> None:
        set_up(of)
        put = vars(of)["_quick_put"]
        vars(of)["_quick_put"] = lambda task: put(_named(task))

    setattr(pool, "_setup_queues", functools.wraps(set_up)(set_up_named))  # noqa: B010


def _named(queued: object) -> object:
    """A queued task of a pool that runs under its name; None, which ends a worker, stays."""
    match queued:
        case (job, index, function, tuple(args), kwargs):
            task = PoolTask(f"pool-{job}-{index}", os.getpid())
            return job, index, run_task, (task, function, *args), kwargs
    return queued


def _next_task() -> PoolTask:
    """The name of the next task of this thread: the same in each run, whoever takes it."""
    if _thread.task is not None:
        submitter = _thread.task.name
    else:
        thread = threading.current_thread()
        submitter = "task" if thread is threading.main_thread() else f"{thread.name}-task"
    _thread.submitted[submitter] += 1
    return PoolTask(f"{submitter}-{_thread.submitted[submitter]}", os.getpid())
