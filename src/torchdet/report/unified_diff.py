"""A change of one file as a patch."""

from __future__ import annotations

import difflib
import os

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
    name = os.fsencode(path).replace(os.sep.encode(), b"/")
    rows = difflib.diff_bytes(
        difflib.unified_diff, _rows(before), _rows(after), name, name, lineterm=b"\n"
    )
    return b"".join(row if row.endswith(b"\n") else row + b"\n" + _NO_NEWLINE for row in rows)


def _rows(data: bytes) -> list[bytes]:
    """Rows as ``patch`` sees them: a lone carriage return or a form feed ends none."""
    *rows, last = data.split(b"\n")
    return [*(row + b"\n" for row in rows), *([last] if last else [])]
