"""Run an unmodified program with redirection on: ``python -m torchdet.runtime.redirect``.

The form is Python's own: a script, or ``-m`` and a module, then the program's arguments.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from torchdet.runtime.errors import PolicyError
from torchdet.runtime.redirect import machine_of_process, switch_on
from torchdet.runtime.redirect.answer_mode import AnswerMode

_USAGE = """\
usage: python -m torchdet.runtime.redirect [--masquerade] [-m MODULE | SCRIPT] [ARGUMENT ...]

Run a program with the devices of its torch calls redirected by TorchDevice's table.
Redirections are logged to standard error, each call site once.

options:
  --masquerade  answer as a machine with CUDA does; without it availability, counts and device
                types tell of the machine that is there
"""


def main(arguments: Sequence[str]) -> None:
    """Run the program that the arguments name; its exit status is the process's."""
    if arguments and arguments[0] in ("-h", "--help"):
        sys.stdout.write(_USAGE)
        return
    program = list(arguments)
    mode = AnswerMode.HONEST
    if program[:1] == ["--masquerade"]:
        mode = AnswerMode.MASQUERADE
        del program[0]
    is_module = program[:1] == ["-m"]
    if is_module:
        del program[0]
    if not program or (not is_module and program[0].startswith("-")):
        sys.stderr.write(_USAGE)
        _refuse("a script, or -m and a module, is needed")
    if not is_module and not Path(program[0]).exists():
        _refuse(f"there is no script {program[0]!r}")
    folder = Path.cwd() if is_module else Path(program[0]).resolve().parent
    try:
        # Logging stays the program's to set up; until then Python writes warnings to stderr.
        switch_on(machine_of_process(search_from=folder), mode)
    except (PolicyError, ImportError) as error:
        _refuse(str(error))
    sys.argv = program
    sys.path[0:1] = [str(folder)]
    if is_module:
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program[0], run_name="__main__")


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"error: {reason}\n")
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
