"""A progress bar on a terminal's standard error; silence anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _nothing(_count: int) -> None:
    """Nobody watches."""


@contextmanager
def progress_bar(
    total: int, what: str = "checking", *, wanted: bool
) -> Iterator[Callable[[int], None]]:
    """Yield what to call with each number of steps done; the bar is gone at the end."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn(what), BarColumn(), MofNCompleteColumn()
    # Refreshed by hand: a thread of rich's own would forbid forking workers.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, auto_refresh=False
    ) as bar:
        task = bar.add_task(what, total=total)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            bar.update(task, completed=done, refresh=done % 20 == 0 or done == total)

        yield advance
