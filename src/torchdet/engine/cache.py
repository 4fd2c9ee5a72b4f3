"""Reports kept from earlier runs, one entry for each path that was checked.

An entry holds the fingerprint of everything that its report depends on: the file's bytes, the
selected rules, the configuration and the versions of torchdet and LibCST; and what its rules asked
about other files, with a digest of each answer. It is used while fingerprint and answers are the
same and overwritten otherwise, so that the cache grows with the number of
files, not of runs. Entries are written to a temporary file and renamed; one that cannot be read
is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import pickle
import tempfile
from functools import cache
from pathlib import Path

from torchdet import __version__
from torchdet.engine.settings import CheckSettings
from torchdet.model.diagnostic import FileReport

_FORMAT = 3


class ReportCache:
    """The cache in ``folder``; reads and writes there never raise.

    The entries are pickles: the folder must belong to the user, as any folder with compiled
    Python code must.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str, data: bytes, settings: CheckSettings) -> FileReport | None:
        """The report of an earlier run on the same bytes with the same settings, if kept."""
        try:
            fingerprint, report, answers = pickle.loads(self._entry(path).read_bytes())  # noqa: S301
        except Exception:  # noqa: BLE001 -- a damaged pickle can raise anything
            return None
        if fingerprint != _fingerprint(data, settings) or not isinstance(report, FileReport):
            return None
        return report if settings.project.still_answers(answers) else None

    def put(self, path: str, data: bytes, settings: CheckSettings, report: FileReport) -> None:
        """Keep ``report``, which was made with the very same ``settings``.

        A full disk or a read-only folder only costs the next run its time.
        """
        entry = self._entry(path)
        kept = (_fingerprint(data, settings), report, settings.project.answers())
        content = pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)
        with contextlib.suppress(OSError):
            entry.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=entry.parent, delete=False) as file:
                try:
                    file.write(content)
                    file.close()
                    os.replace(file.name, entry)
                except OSError:
                    os.unlink(file.name)

    def _entry(self, path: str) -> Path:
        # The report holds the path as the user wrote it: the same file by another name is
        # another entry.
        absolute = f"{os.path.abspath(path)}\0{path}".encode("utf-8", "surrogateescape")
        digest = hashlib.sha256(absolute).hexdigest()
        return self._folder / digest[:2] / digest[2:]


def default_folder() -> Path | None:
    """``TORCHDET_CACHE_DIR``, or the place that the platform keeps for such files.

    None when the user has no home to put it in, as is common in containers.
    """
    named = os.environ.get("TORCHDET_CACHE_DIR")
    if named:
        return Path(named)
    import platformdirs

    try:
        folder = Path(platformdirs.user_cache_dir("torchdet", appauthor=False))
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None  # "~", where older versions find no home


def _fingerprint(data: bytes, settings: CheckSettings) -> bytes:
    digest = hashlib.sha256(data)
    digest.update(_versions())
    # Frozen dataclasses of strings, numbers and enums: their repr is complete and stable.
    digest.update(repr((settings.config, settings.module_name, settings.noqa)).encode())
    digest.update(" ".join(rule.code for rule in settings.rules).encode())
    return digest.digest()


@cache
def _versions() -> bytes:
    libcst = importlib.metadata.version("libcst")
    return f"{_FORMAT} {__version__} {libcst} {_source_stamp()}".encode()


def _source_stamp() -> str:
    """Changes whenever a file of torchdet does, so that its own developers can trust the cache."""
    root = Path(__file__).parent.parent
    latest = max(path.stat().st_mtime_ns for path in root.rglob("*") if path.suffix != ".pyc")
    return str(latest)
