"""Which files a command is about: its options, the configuration of each, standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TypeVar

import click

from torchdet.cli._options import RuleOptions
from torchdet.cli._output import CommandError, say
from torchdet.config_file import ConfigError, ConfigFinder, read_lint_config
from torchdet.engine.cache import usable_folder
from torchdet.engine.check import failure
from torchdet.engine.discover import (
    ConfigFor,
    DanglingLink,
    SourceFile,
    Unreachable,
    discover,
    source_file,
)
from torchdet.engine.footprint import Footprint
from torchdet.engine.links import link_out
from torchdet.engine.machine import available_cpus
from torchdet.engine.settle import settle
from torchdet.findings.registry import SelectorError
from torchdet.model.config import LintConfig, Policy
from torchdet.model.diagnostic import FileReport
from torchdet.private_folder import FolderNotOursError, kept_between_runs

_STDIN = "-"
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What the command line says about files.

    ``cache_folder`` is None when the cache is not to be used. ``stdin_filename`` is the name of
    what is read from standard input.
    """

    paths: tuple[str, ...]
    config: Path | None
    isolated: bool
    stdin_filename: str
    force_exclude: bool
    include_docs: bool
    jobs: int
    cache_folder: Path | None

    @property
    def reads_stdin(self) -> bool:
        """Whether the command is about standard input."""
        return _STDIN in self.paths

    def config_for(self, rules: RuleOptions) -> ConfigFor:
        """What gives each folder its configuration, with ``rules`` in force.

        Raises ``ConfigError``, then or when it is called.
        """
        if self.config is None and not self.isolated:
            return ConfigFinder(rules.override)
        config = LintConfig()
        if self.config is not None:
            read = read_lint_config(self.config)
            if read is None:
                raise ConfigError(f"{self.config}: has no [tool.torchdet] table")
            config = replace(read, root=os.curdir)  # it may lie far from the files, as ruff's may
        try:
            config = rules.override(config)
        except SelectorError as error:
            raise ConfigError(f"{self.config}: {error}") from None
        return lambda _folder: config


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
    settled = settle(files, footprint.read if footprint is not None else _ignore, undecided)
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


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn errors in configuration files into messages of the command."""
    try:
        yield
    except (ConfigError, SelectorError) as error:
        raise CommandError(str(error)) from None


def _cache_folder() -> Path | None:
    """Where reports are kept; None where they can't be, with a warning if the folder is unsafe."""
    kept = kept_between_runs()
    if kept is None:
        return None
    try:
        return usable_folder(kept)
    except FolderNotOursError as error:
        say(f"torchdet: warning: nothing is cached: {error}")
    except OSError:
        pass  # a read-only home costs the next run its time
    return None


def _require_current_folder() -> None:
    """Raise ``CommandError`` when the current folder has been deleted."""
    try:
        os.getcwd()
    except OSError as error:
        raise CommandError(
            f"the current folder cannot be found ({error.strerror}); go to one that exists"
        ) from None


def file_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command PATHS and the options about files; it gets them as ``files``.

    Usage that contradicts itself raises ``click.UsageError``.
    """

    @click.argument("paths", nargs=-1, type=click.Path(readable=False, path_type=str))
    @click.option(
        "--jobs",
        "-j",
        type=click.IntRange(min=1),
        default=None,
        help="How many processes at most (default: one a processor).",
    )
    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Use this configuration file for every file.",
    )
    @click.option("--isolated", is_flag=True, help="Ignore every configuration file.")
    @click.option("--stdin-filename", default=None, help="The name of what '-' reads.")
    @click.option("--force-exclude", is_flag=True, help="Exclude files that are named, too.")
    @click.option("--include-docs", is_flag=True, help="Search documents for blocks of Python.")
    @click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
    @wraps(command)
    def with_files(
        paths: tuple[str, ...],
        jobs: int | None,
        config: Path | None,
        isolated: bool,
        stdin_filename: str | None,
        force_exclude: bool,
        include_docs: bool,
        no_cache: bool,
        **others: object,
    ) -> _Result:
        if config is not None and isolated:
            raise click.UsageError("--config and --isolated exclude each other")
        if "" in paths:
            raise click.UsageError("a path is empty; '.' is the current folder")
        if _STDIN in paths and len(paths) > 1:
            raise click.UsageError("'-' stands alone: standard input is looked at by itself")
        if stdin_filename is not None and _STDIN not in paths:
            raise click.UsageError("--stdin-filename names what '-' reads, but '-' is not given")
        _require_current_folder()
        options = FileOptions(
            paths,
            config,
            isolated,
            stdin_filename or _STDIN,
            force_exclude,
            include_docs,
            jobs or available_cpus(),
            None if no_cache else _cache_folder(),
        )
        return command(files=options, **others)

    return with_files
