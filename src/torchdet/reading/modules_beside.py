"""Names that the import system binds in a package without its ``__init__.py`` doing so."""

from __future__ import annotations

import os


def modules_beside(path: str) -> frozenset[str]:
    """The names of the modules and folders in the package whose ``__init__.py`` is at ``path``.

    Each becomes an attribute of the package once it is imported
    (https://docs.python.org/3/reference/import.html#submodules). Empty for any other file, and
    where the folder cannot be read.
    """
    folder, name = os.path.split(path)
    if name != "__init__.py":
        return frozenset()
    try:
        entries = os.listdir(folder or os.curdir)
    except OSError:
        return frozenset()
    return frozenset(entry.partition(".")[0] for entry in entries)
