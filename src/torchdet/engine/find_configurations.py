"""Which files of a folder are configurations that can name a device."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence

from torchdet.model.file_kinds import CONFIGURATIONS, JSON, PYTHON
from torchdet.read_file import read_file
from torchdet.reading.devices.configured_devices import (
    LARGEST_CONFIGURATION,
    hydra_folders,
    is_configuration,
    is_one_choice,
    speaks_of_devices,
)

_JSON_WORDS = ("accelerate", "arg", "conf", "param", "train")
_MOST_FOLDERS = 6

Told = dict[str, list[str]]
"""The folders that the programs in a folder hand to Hydra."""


def configurations_among(
    files: Sequence[str], folder: str, top: str, read: Callable[[str], None], told: Told
) -> Collection[str]:
    """Those of ``files`` in ``folder`` that configure programs and may name a device.

    Programs that hand the folder to Hydra are looked for beside it and above it, up to ``top``. A
    folder without YAML or JSON costs nothing. ``read`` is called with each file that was read.
    ``told`` keeps what the programs of a folder say, for the next call of the same search.
    """
    candidates = [name for name in files if name.endswith(CONFIGURATIONS) and _may_configure(name)]
    if not candidates:
        return ()
    found = set()
    for name in candidates:
        data = _content(os.path.join(folder, name), read)
        if not speaks_of_devices(data) or is_one_choice(name, candidates):
            continue
        if is_configuration(data) or _is_read_by_hydra(folder, top, read, told):
            found.add(name)
    return found


def _may_configure(name: str) -> bool:
    return not name.endswith(JSON) or any(word in name.lower() for word in _JSON_WORDS)


def _is_read_by_hydra(folder: str, top: str, read: Callable[[str], None], told: Told) -> bool:
    """Whether a program in a folder above hands ``folder``, or one around it, to Hydra."""
    inside, last = os.path.normpath(folder), os.path.normpath(top)
    for _ in range(_MOST_FOLDERS):
        if inside == last:
            return False
        above = os.path.dirname(inside) or os.curdir
        if above not in told:
            told[above] = _configured_folders(above, read)
        for path in told[above]:
            if (os.path.normpath(folder) + os.sep).startswith(path + os.sep):
                return True
        inside = above
    return False


def _configured_folders(folder: str, read: Callable[[str], None]) -> list[str]:
    """The folders that programs in ``folder`` hand to Hydra."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(PYTHON))
    except OSError:
        return []
    return [
        os.path.normpath(os.path.join(folder, path))
        for name in names
        for path in hydra_folders(_content(os.path.join(folder, name), read))
    ]


def _content(path: str, read: Callable[[str], None]) -> bytes:
    """The file at ``path``; nothing where it cannot be read or is too large to configure."""
    read(os.path.normpath(path))
    try:
        return read_file(path, limit=LARGEST_CONFIGURATION)
    except OSError:
        return b""
