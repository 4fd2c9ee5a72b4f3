"""Where rendered reports go: standard output, or a file."""

from __future__ import annotations

import os
import sys

import click

from torchdet.engine.write_file import write_file


def use_colour() -> bool:
    """Whether standard output is a terminal that wants colours.

    ``NO_COLOR`` switches them off (https://no-color.org), ``FORCE_COLOR`` on.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def write_text(text: str, path: str | None) -> None:
    """Write ``text`` to the file at ``path``, or to standard output.

    Raises ``click.ClickException`` when the file cannot be written.
    """
    if path is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        write_file(path, text.encode())
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from None
