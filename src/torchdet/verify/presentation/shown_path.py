"""How paths are shown: as they are from the current folder, where they lie below it."""

from __future__ import annotations

from pathlib import Path


def shown_path(filename: str) -> str:
    """``filename`` relative to the current folder, or as it is."""
    try:
        return Path(filename).resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return filename
