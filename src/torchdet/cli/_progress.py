"""A progress bar on a terminal's standard error; nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from torchdet.cli._output import write_notes

_ERASE_LAST_LINE = "\x1b[1A\x1b[2K\r"


def _nothing(_count: int) -> None:
    """Nobody watches."""


@contextmanager
def progress_bar(
    total: int, what: str = "checking", *, wanted: bool
) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with each number of steps done; the bar is erased at the end."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield _nothing
        return
    with click.progressbar(
        length=total,
        label=what,
        file=sys.stderr,
        show_pos=True,
        show_eta=False,
        update_min_steps=max(1, total // 100),
    ) as bar:
        yield bar.update
    write_notes(_ERASE_LAST_LINE)
