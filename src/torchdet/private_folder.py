"""A folder for what is kept between runs, which nobody but its user can write to."""

from __future__ import annotations

import os
import stat
import sys

_FORMAT = "v4"
TEMPORARY = "tmp-"
"""How the names of files begin that are being written, or were when their run was killed."""


class FolderNotOursError(Exception):
    """The folder belongs to somebody else, or others may write to it; the message says which."""


def kept_between_runs(named: str = "") -> str | None:
    """Where reports and runs are kept: below ``named``, if it names a folder.

    Else below ``TORCHDET_CACHE_DIR``, or the user's cache folder. None when the user has no home
    to put it in, as is common in containers. Nothing is looked at or made.
    """
    named = named or cache_of_environment() or _user_cache() or ""
    return os.path.join(os.path.abspath(named), _FORMAT) if named else None


def cache_of_environment() -> str:
    """The folder that ``TORCHDET_CACHE_DIR`` names; empty where it names none."""
    return os.environ.get("TORCHDET_CACHE_DIR", "")


def _user_cache() -> str | None:
    """torchdet's folder where the platform keeps files that can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # the specification says to ignore a relative one
            base = os.path.expanduser("~/.cache")
    return os.path.join(base, "torchdet") if os.path.isabs(base) else None


def make_private(folder: str) -> None:
    """Make ``folder`` if it is missing, and require that it is the user's alone.

    Raises ``FolderNotOursError``, and ``OSError`` when there can be no such folder.
    """
    if not os.path.lexists(folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    require_private(folder)


def require_private(folder: str) -> None:
    """Raise ``FolderNotOursError`` unless ``folder`` is one that its user alone can write to.

    Raises ``OSError`` when it is missing.
    """
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise FolderNotOursError(f"{folder} is a link or a file, not a folder")
    if sys.platform == "win32":  # owners and modes are not what they are elsewhere
        return
    if status.st_uid != os.geteuid():
        raise FolderNotOursError(f"{folder} belongs to another user")
    if status.st_mode & 0o077:
        raise FolderNotOursError(f"{folder} is open to other users; `chmod 700` it, or remove it")


def write_private(path: str, content: bytes) -> None:
    """Write ``content`` to a temporary file beside ``path``, of its user alone, and rename it.

    Raises ``OSError``.
    """
    # As `tempfile` does, whose import alone takes longer than all else that a clean run does here.
    temporary = os.path.join(os.path.dirname(path), f"{TEMPORARY}{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
        try:
            file.write(content)
            file.close()
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
