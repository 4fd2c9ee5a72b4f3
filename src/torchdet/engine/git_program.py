"""Starts git, and has git start nothing.

A repository's configuration names programs: filters, hooks, helpers, transports. What is asked of
git here is to list a tree that it has stored. That reads neither the index nor the files of the
work tree, the places where filters, drivers, hooks and fsmonitor come in. What is left, fetching
objects that a partial clone lacks, is forbidden.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

_SECONDS = 60
"""What git may take: its configuration, too, may be a pipe that nobody writes to."""

_PLACES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
"""What a hook of git has in its environment; it speaks of one repository, and we ask of others."""

_NO_PROGRAMS = {
    "GIT_ALLOW_PROTOCOL": "none",  # over no transport: each of them is a program
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "LC_ALL": "C",
}

_OVERRIDES = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    # A repository can hold a bare one, configuration included, as ordinary files.
    *("-c", "safe.bareRepository=explicit"),
)


class GitError(RuntimeError):
    """git is there but could not tell what it has of a work tree; the message says why."""


def committed_ids(git: str, root: str, names: Sequence[str]) -> dict[str, str] | None:
    """The object ids of the files ``names``, relative to ``root``, in the commit checked out there.

    ``git`` is the program. Names that the commit does not have are left out: all of them, before
    the first commit. None where ``root`` is no repository after all. Raises ``GitError``.
    """
    command = [
        *(git, "-C", root, *_OVERRIDES, "--no-pager", "--no-replace-objects"),
        *("--literal-pathspecs", "ls-tree", "-z", "--full-tree", "HEAD", "--", *names),
    ]
    environment = {key: value for key, value in os.environ.items() if key not in _PLACES}
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words and paths after "--"
            command,
            cwd=os.path.dirname(git),  # Windows looks for libraries in the current folder, too
            env={**environment, **_NO_PROGRAMS, "GIT_CEILING_DIRECTORIES": os.path.dirname(root)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git did not answer within {_SECONDS} seconds in {root}") from None
    if done.returncode:
        reason = os.fsdecode(done.stderr).strip()
        if "not a git repository" in reason:
            return None
        if "Not a valid object name HEAD" in reason:
            return {}
        raise GitError(f"git cannot tell what is uncommitted in {root}: {reason}")
    rows = (row.partition("\t") for row in os.fsdecode(done.stdout).split("\0") if row)
    return {name: described.split(" ")[2] for described, _, name in rows}


def find_git(outside: str) -> str | None:
    """The absolute path of git, as ``PATH`` has it, but never below the folder ``outside``.

    Folders in ``PATH`` that are relative to the current one are passed over. ``subprocess`` and
    ``shutil.which`` would, on Windows, take a ``git.exe`` from the current folder first. None
    where there is no git; raises ``GitError`` where the only one lies below ``outside``.
    """
    programs = list(_programs())
    for program in programs:
        if not is_below(program, outside) and not is_below(os.path.dirname(program), outside):
            return program
    if programs:
        raise GitError(f"{programs[0]} lies in the work tree {outside}, so it was not started")
    return None


def _programs() -> Iterator[str]:
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(program) and os.access(program, os.X_OK):
            yield program


def is_below(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it, links resolved."""
    inner = os.path.normcase(os.path.realpath(path))
    outer = os.path.normcase(os.path.realpath(folder))
    return inner == outer or inner.startswith(outer.rstrip(os.sep) + os.sep)
