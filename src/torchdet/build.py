"""Which torchdet this is: equal for equal code, and another one after every change.

Whatever is kept between runs carries this identity. Imports only what a run that has nothing to do
can afford.
"""

from __future__ import annotations

import os
import sys

from torchdet.read_file import read_file

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
BUILD_ID_FILE = "_build_id"
"""The file in an installed package that names its build; ``hatch_build.py`` writes it."""


def build_id() -> str:
    """The identity of torchdet, of the parser below it and of the language level it runs on.

    A wheel carries a digest of its own sources, so that two machines with the same wheel agree. A
    checkout, whose files change under a running installation, is identified by the size and the
    time of each of its files.
    """
    try:
        own = read_file(os.path.join(_PACKAGE, BUILD_ID_FILE)).decode("ascii").strip()
    except OSError:
        own = _checkout_id()
    return f"{own} {_parser_version()} {sys.implementation.cache_tag}"


def _checkout_id() -> str:
    return "\n".join(sorted(_signatures(_PACKAGE)))


def _signatures(folder: str) -> list[str]:
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    found += _signatures(entry.path)
            elif not entry.name.endswith(".pyc"):
                status = entry.stat()
                found.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    return found


def _parser_version() -> str:
    """What LibCST says of its version, found without importing it."""
    for folder in sys.path:
        file = os.path.join(folder or os.curdir, "libcst", "_version.py")
        if os.path.isfile(file):
            return read_file(file).decode("utf-8", "replace")
    import importlib.metadata  # slow; only where LibCST is no ordinary folder

    return importlib.metadata.version("libcst")
