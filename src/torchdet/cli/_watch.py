"""``torchdet lint --watch``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from torchdet.cli._exit import Exit
from torchdet.cli._output import CommandError, say, write_notes
from torchdet.model.file_kinds import NOTEBOOK, PYTHON

_WATCHED = (PYTHON, ".toml", ".cfg", ".txt", NOTEBOOK)
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"

# As ``python -m torchdet``, which does not take the watched project's modules for installed ones.
_RUN = (
    "import sys; del sys.path[: not getattr(sys.flags, 'safe_path', False)]; "
    "from torchdet.__main__ import main; main()"
)


def watch(paths: Sequence[str], arguments: Sequence[str]) -> int:
    """Run the command line ``arguments`` again whenever a file below ``paths`` changes.

    Each run is a process of its own, for which unchanged files cost nothing. Returns when it is
    interrupted. Raises ``CommandError`` where watchfiles is not installed or a path is missing.
    """
    try:
        from watchfiles import DefaultFilter
        from watchfiles import watch as changes
    except ImportError:
        raise CommandError("--watch needs watchfiles: pip install 'torchdet[watch]'") from None
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        raise CommandError(f"{missing[0]}: no such file or folder")

    ignored = DefaultFilter()
    once = [each for each in arguments if each not in ("--watch", "-w")]
    try:
        _run(once)
        for _ in changes(
            *paths, watch_filter=lambda kind, path: path.endswith(_WATCHED) and ignored(kind, path)
        ):
            if sys.stdout is not None and sys.stdout.isatty():
                write_notes(_CLEAR)
            _run(once)
    except KeyboardInterrupt:
        say("torchdet: stopped watching")
    return Exit.CLEAN


def _run(arguments: Sequence[str]) -> None:
    command = [sys.executable, "-c", _RUN, *arguments]
    subprocess.run(command, check=False)  # noqa: S603 -- the command line of this very process
    say("torchdet: watching for changes; Ctrl-C stops")
