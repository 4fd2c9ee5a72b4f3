"""Everything that torchdet writes for people and programs to read: no other module prints.

Text from outside (names, source code, messages about either) is made printable here or by the
renderer that it went through.
"""

from __future__ import annotations

import sys
import traceback

import click

from torchdet.engine.write_file import write_file
from torchdet.report.characters import printable


class CommandError(click.ClickException):
    """What ended a command: a message, and ``details`` on lines of their own."""

    def __init__(self, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.details = details


class StandardOutputError(CommandError):
    """Standard output took no more: its reader went away, or its disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")
        self.reader_left = isinstance(error, BrokenPipeError)
        """Such as ``head``, which has read enough."""


def say(*lines: str) -> None:
    """Write each of ``lines`` to standard error, made printable."""
    write_notes("".join(f"{printable(line)}\n" for line in lines))


def say_error(error: click.ClickException) -> None:
    """Say why a command ended, with its usage where that was the reason."""
    if isinstance(error, StandardOutputError) and error.reader_left:
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        write_notes(f"{error.ctx.get_usage()}\n")
        say(f"Try '{error.ctx.command_path} --help' for help.", "")
    details = error.details if isinstance(error, CommandError) else ()
    say(f"Error: {error.format_message()}", *(f"  {line}" for line in details))


def say_fault() -> None:
    """Say that the exception at hand is a fault of torchdet."""
    say(*traceback.format_exc().splitlines(), "torchdet: this is a bug; please report it")


def write_notes(text: str) -> None:
    """Write ``text``, which a renderer made, to standard error, if that is open."""
    click.echo(text, err=True, nl=False)


def write_text(text: str, path: str | None = None) -> None:
    """Write ``text``, which a renderer made, to the file at ``path``, or to standard output.

    Raises ``StandardOutputError``, and ``CommandError`` when the file cannot be written.
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
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from None


def write_data(data: bytes) -> None:
    """Write ``data`` to standard output, if that is open. Raises ``StandardOutputError``."""
    try:
        if sys.stdout is not None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
    except OSError as error:
        raise StandardOutputError(error) from None
