"""Reads the files beside the code that say what a project is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from torchdet.read_file import SETTINGS_LIMIT, read_file
from torchdet.reading.project.metadata import (
    MARKING_FILES,
    METADATA_FILES,
    ProjectMetadata,
    merged,
    read_metadata,
)

_LISTS = re.compile(r"requirements(?:.*\.txt)?")
_REQUIREMENTS = ("requirements*.txt", "requirements/*.txt")


def metadata_of(folders: Iterable[str]) -> ProjectMetadata:
    """What the files in ``folders`` tell together, such as those from a file to its root."""
    return merged(read_metadata(dict(_texts(Path(folder)))) for folder in folders)


def metadata_paths(folder: str) -> list[str]:
    """The files in ``folder`` that ``metadata_of`` would read."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    listed = (name for name in names if name in METADATA_FILES or _LISTS.fullmatch(name))
    return [os.path.join(folder, name) for name in listed]


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """The texts of the files in ``folder`` that tell something, by their shown paths."""
    listed = (path for pattern in _REQUIREMENTS for path in sorted(folder.glob(pattern)))
    for path in (*(folder / name for name in METADATA_FILES), *listed):
        text = _text(path)
        if text is not None:
            yield _shown(path), text
    for name in MARKING_FILES:
        if (folder / name).exists():
            yield name, ""


def _text(path: Path) -> str | None:
    try:
        return read_file(path, limit=SETTINGS_LIMIT).decode("utf-8", "replace")
    except OSError:
        return None


def _shown(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
