"""Runs a command and turns what can go wrong around it into exit codes."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys

import click

from torchdet.cli import main
from torchdet.cli._exit import Exit
from torchdet.cli._output import StandardOutputError, say, say_error, say_fault

_STDERR = 2  # the highest of the numbers of the standard streams


def run() -> int:
    """Run ``torchdet`` with the arguments of the process, and return its exit code.

    Bad usage, bad configuration and errors of torchdet's own give a message and 2, Ctrl-C gives
    130. When the reader of a pipe goes away (``torchdet lint | head``) the run ends without a word.
    """
    _occupy_closed_streams()
    # Syntax trees hold no cycles: reference counts free them, and searching them for garbage costs
    # a tenth of the run.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        # A terminal in another encoding shows an escape; it must not end the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = tuple(sys.argv[1:])  # what a manifest belongs to
        code = main.main(prog_name="torchdet", standalone_mode=False, obj=arguments)
    except click.ClickException as error:
        say_error(error)
        if isinstance(error, StandardOutputError):
            _discard_output()
        return Exit.FAILED
    except (click.Abort, KeyboardInterrupt):
        say("torchdet: interrupted")
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- Python's own exit code would read as "findings"
        if isinstance(error, OSError) and error.filename is None:  # click wrote a help text
            return end_without_reader(error)
        say_fault()
        return Exit.FAILED
    return int(code or Exit.CLEAN)


def end_without_reader(error: OSError) -> int:
    """Say that standard output cannot be written, if that is news; the exit code to end with."""
    say_error(StandardOutputError(error))
    _discard_output()
    return Exit.FAILED


def _occupy_closed_streams() -> None:
    """Keep files from getting the numbers of standard streams that were closed (``>&-``)."""
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
            os.set_inheritable(descriptor, True)
        os.close(descriptor)


def _discard_output() -> None:
    """Have Python not fail again when it flushes standard output at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
