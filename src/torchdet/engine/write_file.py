"""Replacing a file's content so that it is never lost: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import BinaryIO

from torchdet.read_file import read_file

_PREFIX, _SUFFIX = ".torchdet-", ".tmp"


class ChangedMeanwhileError(OSError):
    """The file is no longer what was read; it was left alone."""


def replace_file(path: str, expected: bytes, content: bytes) -> None:
    """Give the file at ``path``, which held ``expected``, the new ``content``.

    Its mode and, where permitted, its owner stay. A link stays a link: its target is replaced.
    Raises ``ChangedMeanwhileError`` when the file holds something else by now, and ``OSError``
    when it cannot be written or is marked as not to be; either way the old content stands.
    """
    target = os.path.realpath(path)
    status = os.stat(target)
    # Only the folder's permissions stop a file from being replaced; its own say what is wanted.
    if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", path)
    with _temporary(target, content, status) as temporary:
        if read_file(target) != expected:
            reason = "it changed while torchdet was at work, and was left alone"
            raise ChangedMeanwhileError(errno.EBUSY, reason, path)
        os.replace(temporary, target)


def create_file(path: str, content: bytes) -> None:
    """Make the file at ``path`` with ``content``.

    Raises ``FileExistsError`` where something is there by now, be it a dangling link, and
    ``OSError`` when it cannot be written.
    """
    with open(path, "xb") as stream:
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            os.unlink(path)
            raise


def write_file(path: str, content: bytes) -> None:
    """Write ``content`` to a temporary file beside ``path`` and rename it to that.

    A new file gets the mode that the user's mask allows, one that was there keeps its own. A link
    stays a link, and what is no regular file, such as ``/dev/stdout``, is written to as it is.
    Raises ``OSError``; what was in a regular file before then stands.
    """
    status = None
    with contextlib.suppress(FileNotFoundError):
        status = os.stat(path)
    if status is not None and not stat.S_ISREG(status.st_mode):
        with open(path, "wb") as stream:
            stream.write(content)
        return
    target = os.path.realpath(path)
    with _temporary(target, content, status) as temporary:
        os.replace(temporary, target)


@contextlib.contextmanager
def _temporary(target: str, content: bytes, status: os.stat_result | None) -> Iterator[str]:
    """A file beside ``target`` with ``content``, which is on the disk; removed if not renamed."""
    folder = os.path.dirname(target) or os.curdir
    _remove_leftovers(folder)
    import tempfile  # with all that it brings, which linting does without

    descriptor, temporary = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with contextlib.suppress(OSError):  # not every file system has locks
                _lock(stream)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            _close_on_windows(stream)
            _restore(temporary, status)
            yield temporary
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def remove_leftovers_beside(paths: Iterable[str]) -> None:
    """Remove what runs that were killed have left in the folders of ``paths``."""
    for folder in {os.path.dirname(path) or os.curdir for path in paths}:
        _remove_leftovers(folder)


@lru_cache(maxsize=4096)
def _remove_leftovers(folder: str) -> None:
    """Remove the temporary files in ``folder`` of runs that were killed; looks there once."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            named = entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX)
            if named and entry.is_file(follow_symlinks=False):
                _remove_unless_locked(entry.path)


def _remove_unless_locked(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "r+b") as stream:
        _lock(stream)
        _close_on_windows(stream)
        os.unlink(path)


def _lock(stream: BinaryIO) -> None:
    """Mark a temporary file as in use until it is closed; raises ``OSError`` if it is already.

    Windows needs no mark: what is open cannot be removed there.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _close_on_windows(stream: BinaryIO) -> None:
    """Close what Windows would not let anybody rename or remove while it is open."""
    if sys.platform == "win32":
        stream.close()


def _restore(path: str, status: os.stat_result | None) -> None:
    """Give the file at ``path`` the mode and owner in ``status``."""
    if status is None:
        # mkstemp makes files private; a new one gets what the user's mask allows.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(path, 0o666 & ~mask)
        return
    if hasattr(os, "chown"):
        # Its own user may give a file to another group of theirs, only root to another user.
        for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
            with contextlib.suppress(PermissionError):
                os.chown(path, owner, group)
    os.chmod(path, stat.S_IMODE(status.st_mode))  # last: changing the owner clears set-user-ID
