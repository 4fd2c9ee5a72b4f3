"""Which files a person would lose work in, because git does not have it.

``git status`` would tell, but starts the programs that a repository configures for its files. So
git is asked only for the tree of the commit, and files are compared here.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from torchdet.engine.discover import is_git_ignored
from torchdet.engine.git_program import committed_ids, find_git
from torchdet.read_file import read_file

_AT_ONCE = 200  # paths in one command: systems bound its length
_SHA_256_DIGITS = 64


def uncommitted(paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` that differ from the commit checked out in their git work tree.

    Files that the commit does not have differ, unless an ignore file of the repository names
    them. Line endings make no difference, which git may be told to change. What git keeps in
    another form (by a filter, as git-lfs, or in another encoding) counts as different, because
    only programs that the repository names could tell. Files outside any work tree and all files
    where there is no git don't differ. Of a link, its target counts. Raises ``GitError``.
    """
    by_root: dict[str, dict[str, str]] = defaultdict(dict)
    for path in paths:
        target = os.path.realpath(path)
        root = work_tree(os.path.dirname(target))
        if root is not None:
            by_root[root][target] = path
    dirty: list[str] = []
    for root, named in by_root.items():
        git = find_git(outside=root)
        if git is not None:
            dirty += (named[target] for target in _changed(git, root, list(named)))
    return sorted(dirty)


@lru_cache(maxsize=4096)
def work_tree(folder: str) -> str | None:
    """The root of the innermost work tree around ``folder``."""
    if os.path.exists(os.path.join(folder, ".git")):
        return folder
    above = os.path.dirname(folder)
    return work_tree(above) if above != folder else None


def _changed(git: str, root: str, targets: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(targets), _AT_ONCE):
        names = {
            target: os.path.relpath(target, root).replace(os.sep, "/")
            for target in targets[start : start + _AT_ONCE]
        }
        committed = committed_ids(git, root, list(names.values()))
        if committed is None:
            return
        yield from (
            target for target, name in names.items() if _differs(target, root, committed.get(name))
        )


def _differs(path: str, root: str, committed: str | None) -> bool:
    if committed is None:
        return not is_git_ignored(path, root)
    try:
        data = read_file(path)
    except OSError:
        return True
    return committed not in (_object_id(each, committed) for each in (data, _with_newlines(data)))


def _with_newlines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _object_id(data: bytes, like: str) -> str:
    """The id that git gives to a file with the content ``data``, by the hash that ``like`` has."""
    new = hashlib.sha256 if len(like) == _SHA_256_DIGITS else hashlib.sha1
    return new(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
