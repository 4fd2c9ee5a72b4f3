"""``python -m torchdet``, and the ``torchdet`` command."""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """Run the command line and exit with its code.

    What needs no command line parser is answered before one is imported: the version, and a run
    in which nothing has changed since the last one.
    """
    arguments = sys.argv[1:]
    if sys.stdout is not None:
        if arguments in (["--version"], ["-V"]):
            from torchdet import __version__

            _print_and_exit(f"torchdet, version {__version__}\n", 0)
        if arguments[:1] in (["lint"], ["check"]):
            from torchdet.engine.manifest import unchanged_run

            unchanged = unchanged_run(arguments)
            if unchanged is not None:
                _print_and_exit(*unchanged)
    from torchdet.cli._run import run

    raise SystemExit(run())


def _print_and_exit(text: str, code: int) -> NoReturn:
    """Print ``text`` and end with ``code``; a reader that goes away is no news."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):  # as torchdet.cli._run does
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from torchdet.cli._run import end_without_reader

        code = end_without_reader(error)
    raise SystemExit(code)


if __name__ == "__main__":
    # ``python -m`` looks for modules in the current folder first: that is the linted project,
    # whose ``click.py`` must not be taken for the library of that name.
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    main()
