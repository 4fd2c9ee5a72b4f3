"""Which files a person would lose work in, because git does not have it."""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

_AT_ONCE = 200  # paths in one command: systems bound its length


class GitError(RuntimeError):
    """git is there but could not tell the state of a work tree; the message says why."""


def uncommitted(paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` whose content is not committed in the git work tree they lie in.

    Changed, staged and untracked files are; ignored files, files outside any work tree and all
    files where there is no git are not. Of a link, its target counts. Raises ``GitError``.
    """
    by_root: dict[str, dict[str, str]] = defaultdict(dict)
    for path in paths:
        target = os.path.realpath(path)
        root = _work_tree(os.path.dirname(target))
        if root is not None:
            by_root[root][target] = path
    dirty: list[str] = []
    for root, named in by_root.items():
        targets = list(named)
        for start in range(0, len(targets), _AT_ONCE):
            changed = _changed(root, targets[start : start + _AT_ONCE])
            dirty += [named[target] for target in targets if target in changed]
    return sorted(dirty)


@lru_cache(maxsize=4096)
def _work_tree(folder: str) -> str | None:
    """The root of the innermost work tree around ``folder``."""
    if os.path.exists(os.path.join(folder, ".git")):
        return folder
    above = os.path.dirname(folder)
    return _work_tree(above) if above != folder else None


def _changed(root: str, targets: Sequence[str]) -> set[str]:
    command = [
        "git",
        # Nothing that the repository configures is to run, and its index stays as it is.
        *("-c", "core.fsmonitor=false", "--no-optional-locks", "--literal-pathspecs"),
        *("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"),
        *("--", *(os.path.relpath(target, root) for target in targets)),
    ]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words and paths after "--"
            command, cwd=root, env=environment, capture_output=True, check=False
        )
    except FileNotFoundError:
        return set()
    if done.returncode:
        reason = os.fsdecode(done.stderr).strip()
        if "not a git repository" in reason:
            return set()
        raise GitError(f"git cannot tell what is uncommitted in {root}: {reason}")
    entries = os.fsdecode(done.stdout).split("\0")
    return {os.path.join(root, *entry[3:].split("/")) for entry in entries if entry}
