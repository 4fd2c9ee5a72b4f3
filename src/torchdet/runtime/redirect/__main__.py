"""Run an unmodified program with redirection on: ``python -m torchdet.runtime.redirect``.

The form is Python's own: a script, or ``-m`` and a module, then the program's arguments.
"""

from __future__ import annotations

import logging
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from torchdet.runtime.events import set_log_level
from torchdet.runtime.policy_sources import log_level
from torchdet.runtime.redirect import switch_on

_LOG_FORMAT = "%(levelname)s %(message)s"
_USAGE = """\
usage: python -m torchdet.runtime.redirect [-m MODULE | SCRIPT] [ARGUMENT ...]

Run a program with the devices of its torch calls redirected by TorchDevice's table.
Redirections are logged to standard error, each call site once.
"""


def main(arguments: Sequence[str]) -> None:
    """Run the program that the arguments name; its exit status is the process's."""
    if arguments and arguments[0] in ("-h", "--help"):
        sys.stdout.write(_USAGE)
        return
    is_module = bool(arguments) and arguments[0] == "-m"
    program = list(arguments[1:] if is_module else arguments)
    if not program or (not is_module and program[0].startswith("-")):
        sys.stderr.write(_USAGE + "error: a script, or -m and a module, is needed\n")
        sys.exit(2)
    # Records go to standard error: standard output belongs to the program.
    logging.basicConfig(stream=sys.stderr, format=_LOG_FORMAT)
    level = log_level()
    if level is not None:
        set_log_level(level)
    switch_on()
    sys.argv = program
    if is_module:
        sys.path[0:1] = [str(Path.cwd())]
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0:1] = [str(Path(program[0]).resolve().parent)]
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
