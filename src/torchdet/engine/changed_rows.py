"""The rows of files that differ from a revision, so that a change answers for itself alone."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import takewhile

from torchdet.engine.decode import decode_source
from torchdet.engine.git_program import GitError, base_commit, blobs, committed_ids, find_git
from torchdet.engine.work_tree import work_tree
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_kinds import NOTEBOOK
from torchdet.model.source import DecodeError
from torchdet.read_file import read_file

_AT_ONCE = 200  # paths in one command: systems bound its length
_MOST_COMPARED = 20_000_000  # pairs of lines: comparing them takes quadratic time


def changed_rows(paths: Iterable[str], revision: str) -> dict[str, frozenset[int]]:
    """The rows of each file that were added or touched since it parted from ``revision``.

    That is where the commit checked out branched off: what happened on the other side is nobody's
    change here. Uncommitted work counts. Of a link, its target counts. Raises ``GitError`` for a
    path outside any git work tree, where there is no git, and for an unknown revision.
    """
    by_root: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in paths:
        target = os.path.realpath(path)
        root = work_tree(os.path.dirname(target))
        if root is None:
            raise GitError(f"{path} lies in no git work tree, so nothing tells what has changed")
        by_root[root][target].append(path)
    return {
        path: rows
        for root, targets in by_root.items()
        for target, rows in _changed_below(root, list(targets), revision)
        for path in targets[target]
    }


def _changed_below(
    root: str, targets: Sequence[str], revision: str
) -> Iterator[tuple[str, frozenset[int]]]:
    git = find_git(outside=root)
    if git is None:
        raise GitError(f"git is not installed, so nothing tells what has changed in {root}")
    commit = base_commit(git, root, revision)
    for start in range(0, len(targets), _AT_ONCE):
        names = {
            target: os.path.relpath(target, root).replace(os.sep, "/")
            for target in targets[start : start + _AT_ONCE]
        }
        ids = committed_ids(git, root, list(names.values()), commit) or {}
        contents = blobs(git, root, ids.values())
        for target, name in names.items():
            before = contents[ids[name]] if name in ids else b""
            try:
                after = read_file(target)
            except OSError:
                continue  # the report on the file says why
            yield target, frozenset(_touched(_rows(target, before), _rows(target, after)))


def _rows(path: str, data: bytes) -> list[bytes]:
    """The rows of a file; git may be told to store other line endings than there are."""
    if path.endswith(NOTEBOOK) and data:
        with contextlib.suppress(DecodeError):
            data = decode_source(path, data).text.encode("utf-8", "surrogatepass")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _touched(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[int]:
    """The one-based rows of ``after`` that ``before`` does not have in the same order."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > _MOST_COMPARED:
        yield from range(start + 1, start + len(new) + 1)
        return
    for tag, _, _, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from range(start + first + 1, start + last + 1)


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def only_changed(report: FileReport, rows: frozenset[int]) -> FileReport:
    """``report`` with those of its findings that reach into ``rows``, and all failures."""
    kept = tuple(
        each
        for each in report.diagnostics
        if each.failure or not rows.isdisjoint(range(each.span.start.row, each.span.end.row + 1))
    )
    return replace(report, diagnostics=kept)
