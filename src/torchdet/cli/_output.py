"""Where rendered reports go: standard output, or a file."""

from __future__ import annotations

import sys
from typing import IO

import click

from torchdet.engine.write_file import write_file


class StandardOutputError(click.ClickException):
    """Standard output took no more: its reader went away, or its disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")
        self._is_news = not isinstance(error, BrokenPipeError)

    def show(self, file: IO[str] | None = None) -> None:
        """Say so, unless a reader such as ``head`` has simply read enough."""
        if self._is_news:
            super().show(file)


def write_text(text: str, path: str | None) -> None:
    """Write ``text`` to the file at ``path``, or to standard output, if that is open.

    Raises ``StandardOutputError``, and ``click.ClickException`` when the file cannot be written.
    """
    if path is None:
        try:
            if sys.stdout is not None:
                sys.stdout.write(text)
                sys.stdout.flush()
        except OSError as error:
            raise StandardOutputError(error) from None
        return
    try:
        write_file(path, text.encode())
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from None
