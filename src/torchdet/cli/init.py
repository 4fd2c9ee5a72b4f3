"""``torchdet init``."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from torchdet.cli._checked import Checked
from torchdet.cli._exit import Exit
from torchdet.cli._file_options import FileOptions, usage_errors
from torchdet.cli._files import find_files, refuse_output_elsewhere
from torchdet.cli._options import RuleOptions
from torchdet.cli._output import CommandError, say, write_text
from torchdet.config_file import (
    FILE_NAMES,
    ConfigError,
    lint_config_in,
    read_lint_config,
)
from torchdet.engine.baseline import Baseline
from torchdet.engine.check_files import check_files
from torchdet.engine.machine import available_cpus
from torchdet.engine.profile_project import profile_project
from torchdet.engine.write_file import replace_file, write_file
from torchdet.model.config import LintConfig, Policy
from torchdet.read_file import SETTINGS_LIMIT, read_file
from torchdet.report.configuration import render_table

_BASELINE = "torchdet-baseline.json"
_OWN_FILE, _SHARED_FILE = FILE_NAMES


@click.command(short_help="Write a configuration that suits a project.")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=str))
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@click.option("--baseline", is_flag=True, help=f"Also accept today's findings, in {_BASELINE}.")
def init(folder: str, yes: bool, baseline: bool) -> int:
    """Write the [tool.torchdet] table for the project in FOLDER (the current one by default).

    What is seen in the project is shown first: its policy, runtime modules, devices, the oldest
    torch that it requires, and its tests. An existing table is never overwritten. The table goes
    into pyproject.toml where there is one, else into torchdet.toml.
    """
    options = FileOptions((folder,), isolated=True, jobs=available_cpus())
    _refuse_if_configured(folder)
    with usage_errors():
        found = find_files(options, RuleOptions(), undecided=Policy.AUTO, quiet=False)
    target = os.path.join(folder, _SHARED_FILE)
    shared = os.path.exists(target)
    if not shared:
        target = os.path.join(folder, _OWN_FILE)
    table = render_table(profile_project(found.files), header=shared)
    write_text(f"# {target}\n{table}")
    if not _agreed(target, yes=yes):
        return Exit.CLEAN
    outputs = [target, *([os.path.join(folder, _BASELINE)] if baseline else [])]
    for output in outputs:
        refuse_output_elsewhere(output, options)
    _write(target, table, shared=shared)
    say(f"torchdet: wrote {target}")
    if baseline:
        _accept(folder, outputs[-1])
    return Exit.CLEAN


def _refuse_if_configured(folder: str) -> None:
    """Raise ``CommandError`` where a file in ``folder`` configures the linter already."""
    for name in FILE_NAMES:
        path = os.path.join(folder, name)
        if os.path.exists(path) and _is_configured(Path(path)):
            raise CommandError(f"{path}: torchdet is configured there already; change it by hand")


def _is_configured(path: Path) -> bool:
    """Whether ``path`` has keys of the linter; a table for the runtime alone has none."""
    try:
        config = read_lint_config(path)
    except ConfigError:
        return True  # somebody has begun
    if config is None:
        return False
    return replace(config, sources=()) != LintConfig(root=config.root)


def _agreed(target: str, *, yes: bool) -> bool:
    if yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        say(f"torchdet: nothing was written; --yes writes {target}")
        return False
    return click.confirm(f"Write this to {target}?", err=True)


def _write(target: str, table: str, *, shared: bool) -> None:
    """Add ``table`` to the file at ``target``, or make that file. Raises ``CommandError``."""
    try:
        if not shared:
            write_file(target, table.encode())
            return
        before = read_file(target, limit=SETTINGS_LIMIT)
        after = _appended(before, table)
        lint_config_in(after.decode("utf-8-sig"), Path(target))
        replace_file(target, before, after)
    except OSError as error:
        raise CommandError(f"{target}: cannot be written: {error.strerror or error}") from None
    except (ConfigError, UnicodeDecodeError) as error:
        raise CommandError(f"the table cannot be added: {error}") from None


def _appended(before: bytes, table: str) -> bytes:
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    gap = b"" if not before else newline if before.endswith(b"\n") else newline * 2
    return before + gap + table.encode().replace(b"\n", newline)


def _accept(folder: str, path: str) -> None:
    """Write the baseline of all findings under the configuration that was just written."""
    options = FileOptions((folder,), jobs=available_cpus())
    with usage_errors():
        found = find_files(options, RuleOptions(), quiet=True)
    reports = check_files(found.files, jobs=options.jobs, cache_folder=None)
    listed, _ = Checked(tuple(reports), found.files).without_raw_imports()
    accepted = Baseline.of(listed.reports, os.path.dirname(path) or os.curdir)
    write_text(accepted.to_json(), path)
    say(f"torchdet: {accepted.counts.total()} findings accepted; lint with --baseline {path}")
