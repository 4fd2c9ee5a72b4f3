"""Runs a command and turns what can go wrong around it into exit codes."""

from __future__ import annotations

import gc
import io
import os
import sys

import click

from torchdet.cli import main
from torchdet.cli._exit import Exit


def run(arguments: list[str] | None = None) -> int:
    """Run ``torchdet`` with ``arguments`` (those of the process by default).

    Bad usage and bad configuration give a message and 2, Ctrl-C gives 130. When the reader of a
    pipe goes away (``torchdet lint | head``) the run ends without a word.
    """
    # Syntax trees hold no cycles: reference counts free them, and searching them for garbage costs
    # a tenth of the run.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        # A terminal in another encoding shows an escape; it must not end the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main.main(args=arguments, prog_name="torchdet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return Exit.FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("torchdet: interrupted", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Python would complain again when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    return int(code or Exit.CLEAN)
