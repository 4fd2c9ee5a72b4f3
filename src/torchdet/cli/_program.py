"""Commands that run a program: ``SCRIPT [ARGS]``, ``-m MODULE [ARGS]`` or ``-- COMMAND``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum

import click


class ProgramForm(Enum):
    """How a program is named on the command line."""

    SCRIPT = "script"
    MODULE = "module"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its arguments; ``words`` is empty if none was given."""

    form: ProgramForm
    words: tuple[str, ...]

    def command(self) -> tuple[str, ...]:
        """The command that starts it, in this Python unless it names its own."""
        match self.form:
            case ProgramForm.SCRIPT:
                return (sys.executable, *self.words)
            case ProgramForm.MODULE:
                return (sys.executable, "-m", *self.words)
            case ProgramForm.COMMAND:
                return self.words


class ProgramCommand(click.Command):
    """A command whose own options end where the program begins, as Python's do.

    The program's words arrive as the argument ``words``; ``program_of`` tells their form.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Part torchdet's options from the program's words."""
        end, form = self._end_of_options(args)
        words = args[end:] if form is ProgramForm.SCRIPT else args[end + 1 :]
        ctx.meta[_FORM] = form
        return super().parse_args(ctx, [*args[:end], "--", *words])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage line says what the words may be."""
        del ctx
        return ["[OPTIONS]", "{SCRIPT | -m MODULE | -- COMMAND}", "[ARGS]..."]

    def _end_of_options(self, args: list[str]) -> tuple[int, ProgramForm]:
        valued = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        index = 0
        while index < len(args):
            word = args[index]
            if word == "--":
                return index, ProgramForm.COMMAND
            if word == "-m":
                return index, ProgramForm.MODULE
            if not word.startswith("-") or word == "-":
                return index, ProgramForm.SCRIPT
            index += 2 if word in valued else 1
        return len(args), ProgramForm.SCRIPT


def program_of(context: click.Context, words: tuple[str, ...]) -> Program:
    """The program that a ``ProgramCommand`` was given.

    Raises ``click.UsageError`` if there is none, ``click.BadParameter`` for a missing script.
    """
    form = context.meta[_FORM]
    assert isinstance(form, ProgramForm)
    if not words:
        raise click.UsageError("name a program: SCRIPT, -m MODULE, or -- COMMAND", context)
    return Program(form, words)


_FORM = "torchdet.program_form"
