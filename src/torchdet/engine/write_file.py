"""Replacing a file's content so that it is never lost: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile


class ChangedMeanwhileError(OSError):
    """The file is no longer what was read; it was left alone."""


def replace_file(path: str, expected: bytes, content: bytes) -> None:
    """Give the file at ``path``, which held ``expected``, the new ``content``.

    Its mode and, where permitted, its owner stay. A link stays a link: its target is replaced.
    Raises ``ChangedMeanwhileError`` when the file holds something else by now, and ``OSError``
    when it cannot be written; either way the old content stands.
    """
    target = os.path.realpath(path)
    with open(target, "rb") as stream:
        if stream.read() != expected:
            raise ChangedMeanwhileError(f"{path}: changed while torchdet was at work; left alone")
        status = os.fstat(stream.fileno())
    write_file(target, content, status)


def write_file(target: str, content: bytes, status: os.stat_result | None = None) -> None:
    """Write ``content`` to a temporary file beside ``target`` and rename it to that.

    With ``status`` the file gets that mode and, where permitted, that owner. Raises ``OSError``;
    what was there before then stands.
    """
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder or os.curdir)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _restore(temporary, status)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _restore(path: str, status: os.stat_result | None) -> None:
    if status is None:
        # mkstemp makes files private; a new one gets what the user's mask allows.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(path, 0o666 & ~mask)
        return
    os.chmod(path, stat.S_IMODE(status.st_mode))
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)
