"""The options of a command about files, and the configuration that they come to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TypeVar

import click

from torchdet.cli._options import RuleOptions
from torchdet.cli._output import CommandError, say
from torchdet.config_file import (
    ConfigError,
    ConfigFinder,
    Layer,
    layer_of,
    merged,
    parse_settings,
    read_lint_config,
)
from torchdet.engine.cache import usable_folder
from torchdet.engine.discover import ConfigFor
from torchdet.engine.machine import available_cpus
from torchdet.findings.registry import SelectorError
from torchdet.model.config import LintConfig
from torchdet.private_folder import (
    FolderNotOursError,
    cache_of_environment,
    kept_between_runs,
)

_STDIN = "-"
_COMMA = re.compile(r",(?![^{]*\})")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What the command line says about files.

    ``settings`` are keys of the configuration that the command line gives. ``here`` is the
    configuration of the current folder, which holds what is not about any single file.
    ``cache_folder`` is None when the cache is not to be used. ``stdin_filename`` is the name of
    what is read from standard input.
    """

    paths: tuple[str, ...]
    config: Path | None = None
    isolated: bool = False
    settings: tuple[Layer, ...] = ()
    stdin_filename: str = _STDIN
    force_exclude: bool = False
    include_docs: bool = False
    jobs: int = 1
    here: LintConfig = field(default_factory=LintConfig)
    cache_folder: Path | None = None

    @property
    def reads_stdin(self) -> bool:
        """Whether the command is about standard input."""
        return _STDIN in self.paths

    def config_for(self, rules: RuleOptions) -> ConfigFor:
        """What gives each folder its configuration, with ``rules`` in force.

        Raises ``ConfigError``, then or when it is called.
        """
        return self._configured(rules.override)

    def config_here(self) -> LintConfig:
        """The configuration of the current folder. Raises ``ConfigError``."""
        return self._configured(lambda config: config)(Path(os.curdir))

    def _configured(self, override: Callable[[LintConfig], LintConfig]) -> ConfigFor:
        def overridden(config: LintConfig) -> LintConfig:
            for layer in self.settings:
                config = merged(layer, config)
            return override(config)

        if self.config is None and not self.isolated:
            return ConfigFinder(overridden)
        config = LintConfig()
        if self.config is not None:
            read = read_lint_config(self.config)
            if read is None:
                raise ConfigError(f"{self.config}: has no [tool.torchdet] table")
            config = replace(read, root=os.curdir)  # it may lie far from the files, as ruff's may
        try:
            config = overridden(config)
        except SelectorError as error:
            raise ConfigError(f"{self.config}: {error}") from None
        return lambda _folder: config


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn errors in configuration files into messages of the command."""
    try:
        yield
    except (ConfigError, SelectorError) as error:
        raise CommandError(str(error)) from None


def _cache_folder(named: str | None, here: LintConfig) -> Path | None:
    """Where reports are kept; None where they can't be, with a warning if the folder is unsafe.

    ``named`` is the folder that the command line names, which counts before the one that the
    environment names, and that before the configured one.
    """
    configured = named or (here.cache_dir if not cache_of_environment() else "")
    kept = kept_between_runs(configured)
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
        multiple=True,
        metavar="FILE | KEY = VALUE",
        help="A configuration file for every file, or a key, such as 'fail-on = \"error\"'.",
    )
    @click.option("--isolated", is_flag=True, help="Ignore every configuration file.")
    @click.option(
        "--exclude", multiple=True, help="Paths not to check; replaces the configured ones."
    )
    @click.option("--extend-exclude", multiple=True, help="More paths not to check.")
    @click.option(
        "--per-file-ignores",
        multiple=True,
        metavar="PATTERN:RULE",
        help="Rules not to run in some files; replaces the configured ones.",
    )
    @click.option(
        "--respect-gitignore/--no-respect-gitignore",
        default=None,
        help="Whether to leave out what git ignores.",
    )
    @click.option("--stdin-filename", default=None, help="The name of what '-' reads.")
    @click.option("--force-exclude", is_flag=True, help="Exclude files that are named, too.")
    @click.option("--include-docs", is_flag=True, help="Search documents for blocks of Python.")
    @click.option("--no-cache", "-n", is_flag=True, help="Neither read nor write the cache.")
    @click.option(
        "--cache-dir",
        type=click.Path(file_okay=False, path_type=str),
        help="Where reports are kept between runs.",
    )
    @wraps(command)
    def with_files(
        paths: tuple[str, ...],
        jobs: int | None,
        config: tuple[str, ...],
        isolated: bool,
        exclude: tuple[str, ...],
        extend_exclude: tuple[str, ...],
        per_file_ignores: tuple[str, ...],
        respect_gitignore: bool | None,
        stdin_filename: str | None,
        force_exclude: bool,
        include_docs: bool,
        no_cache: bool,
        cache_dir: str | None,
        **others: object,
    ) -> _Result:
        if "" in paths:
            raise click.UsageError("a path is empty; '.' is the current folder")
        if _STDIN in paths and len(paths) > 1:
            raise click.UsageError("'-' stands alone: standard input is looked at by itself")
        if stdin_filename is not None and _STDIN not in paths:
            raise click.UsageError("--stdin-filename names what '-' reads, but '-' is not given")
        _require_current_folder()
        tables: dict[str, dict[str, object]] = {
            "--exclude": {"exclude": _split(exclude)},
            "--extend-exclude": {"extend-exclude": _split(extend_exclude)},
            "--per-file-ignores": {"per-file-ignores": _ignores_by_pattern(per_file_ignores)},
        }
        with usage_errors():
            file, settings = _config_options(config, isolated=isolated)
            given = [(by, table) for by, table in tables.items() if any(table.values())]
            if respect_gitignore is not None:
                given.append(("--respect-gitignore", {"respect-gitignore": respect_gitignore}))
            settings += tuple(layer_of(table, os.getcwd(), by) for by, table in given)
            options = FileOptions(
                paths,
                file,
                isolated,
                settings,
                stdin_filename or _STDIN,
                force_exclude,
                include_docs,
                jobs or available_cpus(),
            )
            here = options.config_here()
        kept = None if no_cache else _cache_folder(cache_dir, here)
        return command(files=replace(options, here=here, cache_folder=kept), **others)

    return with_files


def _config_options(
    given: tuple[str, ...], *, isolated: bool
) -> tuple[Path | None, tuple[Layer, ...]]:
    """The file and the keys that ``--config`` names.

    Raises ``ConfigError``, and ``click.UsageError`` for usage that contradicts itself.
    """
    files = [each for each in given if os.path.isfile(each) or "=" not in each]
    for file in files:
        if not os.path.exists(file):
            raise click.BadParameter(f"File {file!r} does not exist.", param_hint="'--config'")
        if os.path.isdir(file):
            raise click.BadParameter(f"File {file!r} is a directory.", param_hint="'--config'")
    if len(files) > 1:
        raise click.UsageError("--config names two files; let one extend the other")
    if files and isolated:
        raise click.UsageError("--config FILE and --isolated exclude each other")
    keys = tuple(parse_settings(each, f"--config {each!r}") for each in given if each not in files)
    return (Path(files[0]) if files else None), keys


def _split(values: tuple[str, ...]) -> list[str]:
    """The entries of an option that takes them separated by commas, outside braces."""
    return [part.strip() for value in values for part in _COMMA.split(value) if part.strip()]


def _ignores_by_pattern(values: tuple[str, ...]) -> dict[str, list[str]]:
    """``PATTERN:RULE`` entries, as the key ``per-file-ignores`` has them.

    Raises ``click.BadParameter``.
    """
    found: dict[str, list[str]] = {}
    for entry in _split(values):
        pattern, colon, rule = entry.rpartition(":")
        if not colon or not pattern or not rule:
            raise click.BadParameter(
                f"expected PATTERN:RULE, such as 'tests/*:DET3', not {entry!r}",
                param_hint="'--per-file-ignores'",
            )
        found.setdefault(pattern.strip(), []).append(rule.strip())
    return found
