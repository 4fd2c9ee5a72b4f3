"""Run an unmodified program with redirection on: ``python -m torchdet.runtime.redirect``.

The options are Python's own: a script, or ``-m`` and a module, then the program's arguments.
"""

from __future__ import annotations

import argparse
import logging
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from torchdet.runtime.events import set_log_level
from torchdet.runtime.policy_sources import log_level
from torchdet.runtime.redirect import switch_on

_LOG_FORMAT = "%(levelname)s %(message)s"


def main(arguments: Sequence[str]) -> None:
    """Run the program that the arguments name; its exit status is the process's."""
    options = _parser().parse_args(arguments)
    if options.program is None and options.module is None:
        _parser().error("a script, or -m and a module, is needed")
    # Records go to standard error: standard output belongs to the program.
    logging.basicConfig(stream=sys.stderr, format=_LOG_FORMAT)
    level = log_level()
    if level is not None:
        set_log_level(level)
    rest = [options.program, *options.arguments] if options.module else options.arguments
    switch_on()
    if options.module is not None:
        sys.argv = [options.module, *(each for each in rest if each is not None)]
        sys.path[0:1] = [str(Path.cwd())]
        runpy.run_module(options.module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [options.program, *rest]
        sys.path[0:1] = [str(Path(options.program).resolve().parent)]
        runpy.run_path(options.program, run_name="__main__")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m torchdet.runtime.redirect",
        description="Run a program with the devices of its torch calls redirected by "
        "TorchDevice's table. Redirections are logged to standard error.",
    )
    parser.add_argument("-m", dest="module", metavar="MODULE", help="run a module as a program")
    parser.add_argument("program", nargs="?", metavar="SCRIPT", help="the script to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the program's own arguments")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
