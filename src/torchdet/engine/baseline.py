"""Baselines: findings that a project has accepted for now, in a file of its own.

An entry is the rule, the functions and classes around the finding, and the text of its line, with
how often that combination occurs; it holds no line number, so that moved code keeps its entry.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.model.identity import identities
from torchdet.read_file import read_file

_VERSION = 1


class BaselineError(ValueError):
    """A baseline file that cannot be used; the message names the file and the remedy."""


class Entry(NamedTuple):
    """What identifies a finding wherever its line has moved."""

    file: str
    code: str
    context: str
    line: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """Accepted findings, and how many of each; paths are relative to ``folder``."""

    folder: str
    counts: Counter[Entry]

    @classmethod
    def of(cls, reports: Iterable[FileReport], folder: str) -> Baseline:
        """The baseline that accepts everything in ``reports`` but failures to check a file."""
        counts: Counter[Entry] = Counter()
        for report in reports:
            counts.update(
                entry for finding, entry in _entries(report, folder) if not finding.failure
            )
        return cls(folder, counts)

    def filter(
        self, reports: Sequence[FileReport], exists: Callable[[str], bool]
    ) -> tuple[list[FileReport], int]:
        """``reports`` without what is accepted, and how many entries no longer occur.

        Of equal findings, as many as were accepted are dropped, the first ones first. ``exists``
        tells whether there is still a file with an entry's path: nothing is known of the entries
        of files that are there, but not among ``reports``.
        """
        left = Counter(self.counts)
        filtered = []
        for report in reports:
            kept = [
                diagnostic
                for diagnostic, entry in _entries(report, self.folder)
                if diagnostic.failure or not _take(entry, left)
            ]
            dropped = len(report.diagnostics) - len(kept)
            filtered.append(
                replace(report, diagnostics=tuple(kept), suppressed=report.suppressed + dropped)
            )
        checked = {_file(report, self.folder) for report in reports if not report.failed}
        stale = {file: file in checked or not exists(file) for file in {e.file for e in left}}
        return filtered, sum(count for entry, count in left.items() if stale[entry.file])

    def to_json(self) -> str:
        """The text of the baseline file: sorted, one entry a line, so that diffs are readable."""
        files: dict[str, list[dict[str, object]]] = {}
        for entry, count in sorted(self.counts.items()):
            record = {"code": entry.code, "context": entry.context, "line": entry.line}
            files.setdefault(entry.file, []).append({**record, "count": count})
        rows = [
            f"    {json.dumps(file)}: [\n"
            + ",\n".join(f"      {json.dumps(record)}" for record in records)
            + "\n    ]"
            for file, records in files.items()
        ]
        body = ",\n".join(rows)
        findings = f"{{\n{body}\n  }}" if rows else "{}"
        return f'{{\n  "version": {_VERSION},\n  "findings": {findings}\n}}\n'


def read_baseline(path: Path) -> Baseline:
    """The baseline in the file at ``path``. Raises ``BaselineError``."""
    remedy = "write it anew with --write-baseline"
    try:
        document = json.loads(read_file(path))
        if document["version"] != _VERSION:
            version = document["version"]
            raise BaselineError(f"{path}: version {version!r} is not {_VERSION}; {remedy}")
        counts = Counter(
            {
                Entry(file, record["code"], record["context"], record["line"]): int(record["count"])
                for file, records in document["findings"].items()
                for record in records
            }
        )
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, BaselineError):
            raise
        raise BaselineError(f"{path}: not a torchdet baseline ({error}); {remedy}") from None
    return Baseline(str(path.parent), counts)


def _entries(report: FileReport, folder: str) -> Iterator[tuple[Diagnostic, Entry]]:
    """Each diagnostic of ``report`` with its entry, in the order of the report."""
    file = _file(report, folder)
    for diagnostic, identity in identities(report):
        yield diagnostic, Entry(file, *identity)


def _file(report: FileReport, folder: str) -> str:
    """The path of a report as entries have it."""
    return os.path.relpath(report.path, folder or os.curdir).replace(os.sep, "/")


def _take(entry: Entry, left: Counter[Entry]) -> bool:
    """Use up one of ``entry``, if one is left."""
    if left[entry] <= 0:
        return False
    left[entry] -= 1
    return True
