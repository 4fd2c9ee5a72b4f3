"""The one way to read a file: regular files only, and no more of them than is bearable.

Every file may come from a repository that nobody has looked at. A pipe never begins, a device never
ends, and a file of many gigabytes does not fit: none of them may hang a run or eat its memory.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:  # a run in which nothing has changed does without it
    from typing import BinaryIO

MEBIBYTE = 1 << 20

SETTINGS_LIMIT = MEBIBYTE
"""For what a person writes: configurations, ignore files, packaging metadata."""

DATA_LIMIT = 64 * MEBIBYTE
"""For sources, baselines and what else programs write."""


class UnsuitableFileError(OSError):
    """What is at the path is no regular file, or too large; ``strerror`` says which."""


def read_file(path: str | os.PathLike[str], *, limit: int = DATA_LIMIT) -> bytes:
    """The content of the regular file at ``path``, which has at most ``limit`` bytes.

    A link to a regular file is followed. Raises ``UnsuitableFileError`` for pipes, devices,
    sockets, folders and files that are larger, without waiting and without reading them; another
    ``OSError`` when the file is missing or cannot be read.

    >>> read_file(os.devnull)
    Traceback (most recent call last):
    torchdet.read_file.UnsuitableFileError: [Errno 22] not a regular file: '/dev/null'
    """
    # Some devices act when they are opened, so that the file is looked at before and after.
    _require_suitable(os.stat(path), path, limit)
    with open(path, "rb", opener=_open_at_once) as stream:
        _require_suitable(os.fstat(stream.fileno()), path, limit)
        return _read(stream, path, limit)


def _read(stream: BinaryIO, path: str | os.PathLike[str], limit: int) -> bytes:
    # The size that the system tells is no bound: files of /proc tell 0, others grow meanwhile.
    data: bytes | None = stream.read(limit + 1)
    if data is None:  # a file of the kernel with nothing to give, for which it would have to wait
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def _require_suitable(status: os.stat_result, path: str | os.PathLike[str], limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise UnsuitableFileError(errno.EISDIR, "a folder, not a file", path)
    if not stat.S_ISREG(status.st_mode):
        raise UnsuitableFileError(errno.EINVAL, "not a regular file", path)
    if status.st_size > limit:
        raise _too_large(path, limit)


def _too_large(path: str | os.PathLike[str], limit: int) -> UnsuitableFileError:
    reason = f"larger than {limit / MEBIBYTE:g} MiB, the most that torchdet reads"
    return UnsuitableFileError(errno.EFBIG, reason, path)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting, should somebody put a pipe in the place of the file meanwhile."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
