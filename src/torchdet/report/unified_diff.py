"""A change of one file as a patch."""

from __future__ import annotations

import difflib
import os

from torchdet.model.source import DecodeError, SourceText
from torchdet.report.characters import printable

_NO_NEWLINE = b"\\ No newline at end of file\n"


def unified_diff(path: str, before: bytes, after: bytes) -> bytes:
    r"""The change from ``before`` to ``after``, for ``patch -p0`` and ``git apply -p0``.

    It is in the encoding of the file, with the file's own line endings: a patch holds bytes.
    Nothing, when both are equal.

    >>> print(unified_diff("a.py", b"x\ny\n", b"x\nz\n").decode(), end="")
    --- a.py
    +++ a.py
    @@ -1,2 +1,2 @@
     x
    -y
    +z
    """
    name = _name(path)
    rows = difflib.diff_bytes(
        difflib.unified_diff, _rows(before), _rows(after), name, name, lineterm=b"\n"
    )
    return b"".join(row if row.endswith(b"\n") else row + b"\n" + _NO_NEWLINE for row in rows)


def readable_diff(path: str, before: bytes, after: bytes) -> str:
    """The same for a terminal or a log: what would disturb it has escapes in its place."""
    try:
        encoding = SourceText.decode(before).encoding
    except DecodeError:
        encoding = "ascii"
    rows = unified_diff(path, before, after).removesuffix(b"\n").split(b"\n")
    return "".join(f"{_readable(row, encoding)}\n" for row in rows)


def _readable(row: bytes, encoding: str) -> str:
    sign, text = row[:1].decode(), row[1:].removesuffix(b"\r")
    try:
        decoded = text.decode(encoding)
    except UnicodeError:  # the file's name, which need not be in its encoding
        decoded = text.decode("utf-8", "backslashreplace")
    return sign + "\t".join(map(printable, decoded.split("\t")))


def _name(path: str) -> bytes:
    """``path`` as git and GNU patch read it: in quotes, when it has characters to be escaped."""
    name = os.fsencode(path).replace(os.sep.encode(), b"/")
    if printable(path) == path and not set('"\\').intersection(path):
        return name
    escaped = (
        f"\\{byte:03o}" if byte in b'"\\' or not 0x20 <= byte < 0x7F else chr(byte) for byte in name
    )
    return f'"{"".join(escaped)}"'.encode()


def _rows(data: bytes) -> list[bytes]:
    """Rows as ``patch`` sees them: a lone carriage return or a form feed ends none."""
    *rows, last = data.split(b"\n")
    return [*(row + b"\n" for row in rows), *([last] if last else [])]
