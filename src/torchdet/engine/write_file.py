"""Replacing a file's content so that it is never lost: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator


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
        with open(target, "rb") as stream:
            unchanged = stream.read() == expected
        if not unchanged:
            reason = "it changed while torchdet was at work, and was left alone"
            raise ChangedMeanwhileError(errno.EBUSY, reason, path)
        os.replace(temporary, target)


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
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder or os.curdir)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _restore(temporary, status)
        yield temporary
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


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
