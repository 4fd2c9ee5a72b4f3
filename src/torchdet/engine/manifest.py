"""What a run looked at and printed, so that the next one need not run when nothing has changed.

A manifest belongs to one command line in one folder with one build of torchdet. It holds the state
of everything that the run's output depends on, as ``os.stat`` tells it. Where all of it is as it
was, the output is printed again: no rule, no configuration and no command line parser is loaded.

This module imports only what such a run can afford.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from binascii import crc32
from collections.abc import Iterable, Sequence

from torchdet.build import build_id
from torchdet.private_folder import (
    FolderNotOursError,
    kept_between_runs,
    make_private,
    require_private,
    write_private,
)
from torchdet.read_file import read_file
from torchdet.terminal import use_colour

_MAGIC = "torchdet run 1"
_DAY = 24 * 60 * 60

FOLDER = "runs"
"""Where manifests lie in the folder that is kept between runs."""


def state_of(path: str) -> str:
    """What changes when the file or folder at ``path`` does; empty where there is none.

    A folder changes when an entry is added to it, removed or replaced.
    """
    try:
        it = os.stat(path)
    except (OSError, ValueError):
        return ""
    times = f"{it.st_mtime_ns} {it.st_ctime_ns}"
    return f"{it.st_mode} {it.st_uid} {it.st_gid} {it.st_dev} {it.st_ino} {it.st_size} {times}"


def kind_of(path: str) -> str:
    """Whether there is a file, a folder or something else at ``path``; empty for nothing."""
    try:
        return str(stat.S_IFMT(os.stat(path).st_mode))
    except (OSError, ValueError):
        return ""


def run_key(arguments: Sequence[str]) -> str | None:
    """What a manifest belongs to: the command line, the folder, the build, and how it prints.

    None where the current folder has been deleted.
    """
    try:
        folder = os.getcwd()
    except OSError:
        return None
    user = str(os.geteuid()) if sys.platform != "win32" else ""
    colour = "colour" if use_colour() else ""
    return "\0".join((build_id(), folder, user, colour, *arguments))


def unchanged_run(arguments: Sequence[str]) -> tuple[str, int] | None:
    """What the run with ``arguments`` printed and ended with, if nothing has changed since."""
    kept, key = kept_between_runs(), run_key(arguments)
    if kept is None or key is None:
        return None
    path = _manifest_path(kept, key)
    try:
        require_private(kept)
        require_private(os.path.dirname(path))
        text = read_file(path).decode("utf-8", "surrogateescape")
        if time.time() - os.stat(path).st_mtime > _DAY:
            os.utime(path)  # what is used is not removed
    except (OSError, FolderNotOursError, ValueError):
        return None
    return _printed_before(text, key)


def _printed_before(manifest: str, key: str) -> tuple[str, int] | None:
    parts = manifest.split("\1")
    if len(parts) != 5 or parts[0] != _MAGIC or parts[1] != key:
        return None
    _, _, code, output, states = parts
    fields = states.split("\0")
    if not code.isdigit() or len(fields) % 3:
        return None
    for kind, path, state in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if (state_of if kind == "=" else kind_of)(path) != state:
            return None
    return output, int(code)


def _manifest_path(kept: str, key: str) -> str:
    # A checksum will do: the manifest holds the key itself.
    name = f"{crc32(key.encode('utf-8', 'surrogateescape')):08x}"
    return os.path.join(kept, FOLDER, name)


def write_manifest(
    key: str, output: str, code: int, states: Iterable[tuple[str, str, str]]
) -> None:
    """Keep what the run with ``key`` printed, its exit code, and what that depends on.

    Each of ``states`` is ``"="`` or ``"?"``, a path, and its ``state_of`` or ``kind_of``. A run in
    which a separator of the manifest occurs leaves none. Raises ``OSError`` and ``UnicodeError``
    where it cannot be written, ``FolderNotOursError`` where it must not.
    """
    kept = kept_between_runs()
    fields = "\0".join(field for each in states for field in each)
    parts = (_MAGIC, key, str(code), output, fields)
    if kept is None or any("\1" in part for part in parts):
        return
    path = _manifest_path(kept, key)
    make_private(kept)
    make_private(os.path.dirname(path))
    write_private(path, "\1".join(parts).encode("utf-8", "surrogateescape"))
