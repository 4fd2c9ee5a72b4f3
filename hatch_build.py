"""Names the build: writes a digest of the package's sources into each wheel.

What torchdet keeps between runs belongs to one build of it. A digest of the sources is the same
wherever the same sources are built, so that a cache can move between machines.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("src", "torchdet")


class BuildIdHook(BuildHookInterface):  # type: ignore[type-arg]  # of no configuration
    """Adds ``torchdet/_build_id`` to a wheel; an editable one follows its changing sources."""

    def initialize(self, version: str, build_data: dict[str, dict[str, str]]) -> None:
        """Called before the wheel is built."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name, "_build_id")
        file.write_text(digest_of(Path(self.root, PACKAGE)) + "\n", encoding="ascii")
        build_data["force_include"][str(file)] = "torchdet/_build_id"


def digest_of(package: Path) -> str:
    """A digest of the names and contents of all files of ``package`` that take part in a run."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            content = path.read_bytes()
            digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
