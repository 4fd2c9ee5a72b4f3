"""The files that a command is about: found below its paths, or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torchdet.cli._file_options import FileOptions
from torchdet.cli._options import RuleOptions
from torchdet.cli._output import CommandError, say
from torchdet.engine.check import failure
from torchdet.engine.discover import (
    DanglingLink,
    SourceFile,
    Unreachable,
    discover,
    source_file,
)
from torchdet.engine.footprint import Footprint
from torchdet.engine.links import link_out
from torchdet.engine.settle import settle
from torchdet.model.config import Policy
from torchdet.model.diagnostic import FileReport


@dataclass(frozen=True, slots=True)
class Found:
    """The files among and below the paths, and the reports on paths that cannot be looked at.

    ``dangling`` are links without a target, which are passed over. ``reasons`` say where settings
    come from that no configuration gives.
    """

    files: tuple[SourceFile, ...]
    unreachable: tuple[FileReport, ...]
    dangling: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def say_more(self) -> None:
        """Say on standard error what was passed over, and what settings come from."""
        for path in self.dangling:
            say(f"torchdet: {path} skipped: a link to nothing")
        for reason in self.reasons:
            say(f"torchdet: {reason}")


def find_files(
    options: FileOptions,
    rules: RuleOptions,
    footprint: Footprint | None = None,
    *,
    undecided: Policy = Policy.UNDECIDED,
    quiet: bool,
) -> Found:
    """The files that ``options`` name; says so when there are none. Raises ``ConfigError``.

    ``footprint`` is told which folders were searched, and what settings depend on. ``undecided``
    is the policy of a project that has chosen none.
    """
    found = discover(
        options.paths or (".",),
        options.config_for(rules),
        force_exclude=options.force_exclude,
        include_docs=options.include_docs,
        witness=footprint,
    )
    if not any(isinstance(item, SourceFile | Unreachable) for item in found) and not quiet:
        say("torchdet: no Python files found")
    files = [item for item in found if isinstance(item, SourceFile)]
    read = footprint.read if footprint is not None else _ignore
    for source in dict.fromkeys(each for file in files for each in file.config.sources):
        read(source)
    settled = settle(files, read, undecided)
    return Found(
        settled.files,
        tuple(
            failure(item.path, f"cannot be read: {item.reason}")
            for item in found
            if isinstance(item, Unreachable)
        ),
        tuple(item.path for item in found if isinstance(item, DanglingLink)),
        settled.reasons,
    )


def _ignore(_path: str) -> None:
    """Nobody wants to know."""


def writable(paths: Iterable[str], options: FileOptions) -> frozenset[str]:
    """Those of ``paths`` that lead to no place outside the tree; says so of the others."""
    inside = set()
    for path in paths:
        leaving = link_out(path, options.paths or (os.curdir,))
        if leaving is None:
            inside.add(path)
        else:
            say(f"torchdet: skipped {leaving}")
    return frozenset(inside)


def refuse_output_elsewhere(path: str | os.PathLike[str] | None, options: FileOptions) -> None:
    """Raise ``CommandError`` when an output would be written out of the tree by a link."""
    leaving = link_out(os.fspath(path), (*options.paths, os.curdir)) if path is not None else None
    if leaving is not None:
        raise CommandError(f"{leaving}; nothing is written through it, so name another file")


def read_stdin(options: FileOptions, rules: RuleOptions) -> tuple[SourceFile, bytes]:
    """Standard input, as the file that it is said to be.

    Raises ``ConfigError``, and ``CommandError`` when standard input is closed.
    """
    if sys.stdin is None:
        raise CommandError("standard input is closed; '-' has nothing to read")
    folder = Path(options.stdin_filename).parent
    file = source_file(options.stdin_filename, options.config_for(rules)(folder))
    data = sys.stdin.buffer.read()
    return settle([file], _ignore, read=lambda _path: data).files[0], data
