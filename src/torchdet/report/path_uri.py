"""Paths as URI references."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote


def path_uri(path: str) -> str:
    """``path`` as a URI reference: ``file:///…`` for an absolute one, else relative.

    Bytes of a file name that are no UTF-8 keep their values.

    >>> path_uri("src/my model.py")
    'src/my%20model.py'
    """
    pure = PurePath(path)
    posix = pure.as_posix()
    try:
        data = posix.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate in a file name of Windows
        data = posix.encode("utf-8", "surrogatepass")
    if not pure.is_absolute():
        return quote(data)
    return f"file://{'' if data.startswith(b'/') else '/'}{quote(data)}"
