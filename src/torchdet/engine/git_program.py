"""Starts git, and has git start nothing.

A repository's configuration names programs: filters, hooks, helpers, transports. What is asked of
git here is to name a commit, to list a tree and to give out objects as it has stored them. That
reads neither the index nor the files of the work tree, the places where filters, drivers, hooks and
fsmonitor come in. What is left, fetching objects that a partial clone lacks, is forbidden.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

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


def committed_ids(
    git: str, root: str, names: Sequence[str], commit: str = "HEAD"
) -> dict[str, str] | None:
    """The object ids of the files ``names``, relative to ``root``, in a commit of the repository.

    ``git`` is the program, ``commit`` what ``base_commit`` gave or the one that is checked out.
    Names that the commit does not have are left out: all of them, before the first commit. None
    where ``root`` is no repository after all. Raises ``GitError``.
    """
    done = _run(git, root, ("ls-tree", "-z", "--full-tree", commit, "--", *names))
    if done.returncode:
        reason = _reason(done)
        if "not a git repository" in reason:
            return None
        if "Not a valid object name HEAD" in reason:
            return {}
        raise GitError(f"git cannot tell what is uncommitted in {root}: {reason}")
    rows = (row.partition("\t") for row in os.fsdecode(done.stdout).split("\0") if row)
    return {name: described.split(" ")[2] for described, _, name in rows}


def base_commit(git: str, root: str, revision: str) -> str:
    """The id of the newest commit that ``revision`` and the one checked out both come from.

    Raises ``GitError`` where git knows no such revision, or the two have nothing in common.
    """
    named = _run(git, root, ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"))
    if named.returncode:
        raise GitError(f"git knows no commit {revision!r} in {root}: {_reason(named)}")
    done = _run(git, root, ("merge-base", named.stdout.decode().strip(), "HEAD"))
    if done.returncode:
        raise GitError(
            f"{revision!r} and what is checked out in {root} have no commit in common; a shallow "
            f"clone needs more of the history (git fetch --unshallow)"
        )
    return done.stdout.decode().strip()


def blobs(git: str, root: str, ids: Iterable[str]) -> dict[str, bytes]:
    """The content of the objects ``ids``, as git has stored it. Raises ``GitError``."""
    wanted = sorted(set(ids))
    done = _run(git, root, ("cat-file", "--batch"), "".join(f"{each}\n" for each in wanted))
    if done.returncode:
        raise GitError(f"git cannot read its objects in {root}: {_reason(done)}")
    found: dict[str, bytes] = {}
    start = 0
    for each in wanted:
        end = done.stdout.index(b"\n", start)
        name, kind, *size = done.stdout[start:end].split(b" ")
        if not size or kind != b"blob":
            raise GitError(f"git lacks the object {each} in {root}; fetch it first")
        start = end + 1 + int(size[0])
        found[name.decode()] = done.stdout[end + 1 : start]
        start += 1
    return found


def _run(
    git: str, root: str, words: Sequence[str], given: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """git with ``words``, and ``given`` on its standard input. Raises ``GitError`` on time-out."""
    command = [git, "-C", root, *_OVERRIDES, "--no-pager", "--no-replace-objects"]
    environment = {key: value for key, value in os.environ.items() if key not in _PLACES}
    import subprocess  # which linting does without

    try:
        return subprocess.run(  # noqa: S603 -- fixed words, a revision and paths behind marks
            [*command, "--literal-pathspecs", *words],
            cwd=os.path.dirname(git),  # Windows looks for libraries in the current folder, too
            env={**environment, **_NO_PROGRAMS, "GIT_CEILING_DIRECTORIES": os.path.dirname(root)},
            input=given.encode(),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise GitError(f"git did not answer within {_SECONDS} seconds in {root}") from None


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    return os.fsdecode(done.stderr).strip()


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
