"""What a run's output depends on beside its command line, as far as the file system goes.

The rest is decided by ``torchdet.engine.manifest``, which the next run asks before anything else.

A file that changes within the resolution of its times after it was read looks unchanged; git calls
this racy. A run that has looked at something so young leaves no manifest.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from torchdet.engine.manifest import kind_of, state_of

# What a folder may hold that has a say on files below it: configurations, ignore files, the marks
# of packages and of a project's root, and what a project requires and tests.
_SAY = (
    "torchdet.toml",
    "pyproject.toml",
    ".gitignore",
    os.path.join(".git", "info", "exclude"),
    "__init__.py",
    "setup.cfg",
    "setup.py",
    "requirements.txt",
    "tox.ini",
    "pytest.ini",
    ".pytest.ini",
)
_MARKS = (".git", ".hg", "src")

_YOUNG = 0.1  # seconds: more than a tick of any kernel's clock
_YOUNG_BY_WHOLE_SECONDS = 2.0  # as on FAT


class Footprint:
    """Collects what a run looks at: ``paths`` from the command line, and what it is told of.

    It has to be made before the run looks at anything.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._started = time.time()
        self._paths = tuple(paths)
        self._folders: set[str] = set()
        self._files: set[str] = set()
        self._asked: dict[str, str] = {}
        self._before = self._above()

    def searched(self, folder: str) -> None:
        """The run has listed ``folder``."""
        self._folders.add(folder)

    def read(self, path: str) -> None:
        """The run has read the file at ``path``, or asked whether there is one."""
        self._files.add(path)

    def asked(self, states: Mapping[str, str]) -> None:
        """The run has looked at these paths, and each had this state before."""
        self._asked.update(states)

    def states(self) -> list[tuple[str, str, str]] | None:
        """The state of everything that the run looked at, for ``write_manifest``.

        None when something has changed meanwhile, or is so young that it may yet change unseen.
        """
        if self._before != self._above():
            return None
        states = {**self._before, **self._inside()}
        if any(states.get(("=", path), state) != state for path, state in self._asked.items()):
            return None
        if any(kind == "=" and self._is_young(state) for (kind, _), state in states.items()):
            return None
        return [(kind, path, state) for (kind, path), state in sorted(states.items())]

    def _above(self) -> dict[tuple[str, str], str]:
        """What stands in the folders of the paths and in all folders above them."""
        folders: set[Path] = set()
        for path in self._paths:
            absolute = Path(os.path.abspath(path))
            folders.update((absolute, *absolute.parents))
        return _said(folders)

    def _inside(self) -> dict[tuple[str, str], str]:
        """What stands in the folders that were listed, and the files that were read."""
        states = {("=", path): state_of(path) for path in (*self._files, *self._asked)}
        for folder in self._folders:
            states["=", folder] = state_of(folder)
            for path in _of_note(folder):
                states["=", path] = state_of(path)
        return states

    def _is_young(self, state: str) -> bool:
        if not state:
            return False
        modified, changed = map(int, state.split(" ")[-2:])
        # Only a system's own clock sets the time of a change; on Windows it is that of creation.
        latest = modified if sys.platform == "win32" else changed
        resolution = _YOUNG if latest % 10**9 else _YOUNG_BY_WHOLE_SECONDS
        return latest / 1e9 > self._started - resolution


def _said(folders: Iterable[Path]) -> dict[tuple[str, str], str]:
    states: dict[tuple[str, str], str] = {}
    for folder in folders:
        for name in _SAY:
            path = os.path.join(folder, name)
            states["=", path] = state_of(path)
        for name in _MARKS:
            path = os.path.join(folder, name)
            states["?", path] = kind_of(path)
    return states


def _of_note(folder: str) -> Iterator[str]:
    """The entries of ``folder`` that its own state does not answer for."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name in _SAY or entry.is_symlink():
                    yield entry.path
    except OSError:
        return  # it vanished, which its state says
    yield os.path.join(folder, ".git", "info", "exclude")
