"""Reports kept from earlier runs, by what was checked and not by where it lies.

The name of an entry is a digest of everything that its report depends on: the file's bytes, the
selected rules, what the rules read of the configuration, the module's name, and the build of
torchdet. The same file in another checkout, or after its times have changed, finds its entry.
Beside the report stands what its rules asked about other files, with a digest of each answer: it
is used while the answers are the same.

Entries that nothing has used for a month are removed, once a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path, PurePath

from torchdet.build import build_id
from torchdet.engine.cache_entry import Entry, EntryError, decode, encode
from torchdet.engine.manifest import FOLDER as RUNS
from torchdet.engine.settings import CheckSettings
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport
from torchdet.private_folder import TEMPORARY, make_private, write_private
from torchdet.read_file import MEBIBYTE, read_file

_DAY = 24 * 60 * 60
_KEPT_FOR = 30 * _DAY
_ABANDONED_AFTER = 60 * 60  # a temporary file whose run was killed
_LARGEST_ENTRY = 32 * MEBIBYTE


class ReportCache:
    """The cache in ``folder``; reads and writes there never raise.

    ``usable_folder`` gives a folder that may be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str, data: bytes, settings: CheckSettings) -> FileReport | None:
        """The report of an earlier run on the same bytes with the same settings, if kept."""
        content = _read_entry(self._entry(path, data, settings))
        if content is None:
            return None
        try:
            entry = decode(content, path)
        except EntryError:
            return None
        return entry.report if settings.project.still_answers(entry.answers) else None

    def put(self, path: str, data: bytes, settings: CheckSettings, report: FileReport) -> None:
        """Keep ``report``, which was made with the very same ``settings``.

        A full disk or a read-only folder only costs the next run its time. Failures are not kept:
        a fault of torchdet may lie in the machine.
        """
        if report.failed:
            return
        entry = self._entry(path, data, settings)
        content = encode(Entry(report, settings.project.answers()))
        with contextlib.suppress(OSError):
            entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(str(entry), content)

    def _entry(self, path: str, data: bytes, settings: CheckSettings) -> Path:
        digest = hashlib.sha256(_settings_key(settings, path).encode("utf-8", "surrogatepass"))
        digest.update(data)
        name = digest.hexdigest()
        return self._folder / name[:2] / name[2:]


def usable_folder(kept: str) -> Path:
    """The folder for reports below ``kept``, made and found to be the user's alone.

    Raises ``FolderNotOursError``, and ``OSError`` when there can be no such folder.
    """
    make_private(kept)
    folder = os.path.join(kept, "reports")
    make_private(folder)
    return Path(folder)


def prune(kept: Path) -> None:
    """Remove below ``kept`` what nothing has used for a month; looks once a day."""
    stamp = kept / "pruned"
    now = time.time()
    with contextlib.suppress(OSError):
        if stamp.exists() and now - stamp.stat().st_mtime < _DAY:
            return
        stamp.touch(mode=0o600)
        for path in (*kept.glob("reports/??/*"), *kept.glob(f"{RUNS}/*")):
            abandoned = path.name.startswith(TEMPORARY)
            kept_for = _ABANDONED_AFTER if abandoned else _KEPT_FOR
            if now - path.lstat().st_mtime > kept_for:
                path.unlink()


def _read_entry(entry: Path) -> bytes | None:
    """The content of a regular file of a bounded size; one that is used counts as new."""
    try:
        content = read_file(entry, limit=_LARGEST_ENTRY)
        if time.time() - entry.stat().st_mtime > _DAY:
            os.utime(entry)
    except OSError:
        return None
    return content


def _settings_key(settings: CheckSettings, path: str) -> str:
    codes = " ".join(rule.code for rule in settings.rules)
    config = _config_key(settings.config)
    place = _relative(path, settings.config.root)
    # Strings, each as its repr: no two settings give one key.
    flags = settings.noqa, settings.is_test
    return repr((_build(), codes, config, settings.module_name, flags, place))


@cache
def _build() -> str:
    return build_id()


@lru_cache(maxsize=64)
def _config_key(config: LintConfig) -> str:
    """What rules read of ``config``: the rest has done its work when the rules are selected."""
    default = LintConfig()
    read = replace(
        config,
        root=default.root,
        select=default.select,
        ignore=default.ignore,
        extend_select=default.extend_select,
        extend_ignore=default.extend_ignore,
        per_file_ignores=default.per_file_ignores,
        exclude=default.exclude,
        extend_exclude=default.extend_exclude,
        respect_gitignore=default.respect_gitignore,
        include_docs=default.include_docs,
        torch_version_from=default.torch_version_from,
        fail_on=default.fail_on,
        output_format=default.output_format,
        cache_dir=default.cache_dir,
        sources=default.sources,
    )
    return repr(read)  # frozen dataclasses of strings, numbers and enums: complete and stable


def _relative(path: str, root: str) -> str:
    """Where the file lies in its project: rules know a file by that."""
    try:
        return PurePath(os.path.relpath(path, root)).as_posix()
    except ValueError:  # another drive than the configuration's
        return PurePath(path).as_posix()
