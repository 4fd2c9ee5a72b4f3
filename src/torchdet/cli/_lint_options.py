"""The options of ``torchdet lint`` beside those about rules and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TypeVar

import click

from torchdet.cli._file_options import FileOptions
from torchdet.cli._fixes import FixOptions
from torchdet.model.diagnostic import Severity
from torchdet.report import FORMATS

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What the command line says of a run; None and False where an option was not given."""

    output_format: str | None
    output_file: str | None
    statistics: bool
    exit_zero: bool
    fail_on: Severity | None
    fixes: FixOptions | None
    show_files: bool
    show_settings: bool
    watch: bool
    diff_base: str | None
    baseline: Path | None
    write_baseline: Path | None
    add_noqa: bool
    quiet: bool
    verbose: bool

    @property
    def only_prints(self) -> bool:
        """Whether standard output is all that comes of the run."""
        writes = self.fixes or self.add_noqa or self.output_file or self.write_baseline
        return not (writes or self.verbose or self.diff_base)

    def check(self, files: FileOptions) -> None:
        """Raise ``click.UsageError`` for options that exclude each other."""
        chosen = [name for name, given in self._purposes() if given]
        if len(chosen) > 1:
            raise click.UsageError(f"{chosen[0]} and {chosen[1]} exclude each other")
        if self.diff_base and self.write_baseline:
            raise click.UsageError("--diff-base and --write-baseline exclude each other")
        if self.diff_base and self.fixes:
            raise click.UsageError("--diff-base reports changed lines only, and --fix changes any")
        if self.quiet and self.verbose:
            raise click.UsageError("--quiet and --verbose exclude each other")
        if files.reads_stdin and (self.add_noqa or self.write_baseline or self.diff_base):
            raise click.UsageError("--add-noqa, --write-baseline and --diff-base need files")
        if files.reads_stdin and self.fixes and not self.fixes.diff:
            raise click.UsageError("--fix needs files; 'torchdet fix -' fixes standard input")
        if files.reads_stdin and (self.watch or self.show_files or self.show_settings):
            raise click.UsageError("--watch, --show-files and --show-settings need files")

    def _purposes(self) -> tuple[tuple[str, object], ...]:
        diff = self.fixes is not None and self.fixes.diff
        return (
            ("--add-noqa", self.add_noqa),
            ("--write-baseline", self.write_baseline),
            ("--diff" if diff else "--fix", self.fixes),
            ("--show-files", self.show_files),
            ("--show-settings", self.show_settings),
            ("--watch", self.watch),
        )


def lint_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command the options of ``LintOptions``; it gets them as ``options``."""

    @_output_options
    @_fix_options
    @click.option("--show-files", is_flag=True, help="List the files that would be checked.")
    @click.option(
        "--show-settings",
        is_flag=True,
        help="Show the settings of each path, where they come from, and why a file is left out.",
    )
    @click.option("--watch", "-w", is_flag=True, help="Check again whenever a file changes.")
    @_accepting_options
    @click.option("--quiet", "-q", is_flag=True, help="Print findings and errors only.")
    @click.option("--verbose", "-v", is_flag=True, help="Say what was done, on standard error.")
    @wraps(command)
    def with_options(
        output_format: str | None,
        output_file: str | None,
        statistics: bool,
        exit_zero: bool,
        fail_on: str | None,
        fix: bool,
        unsafe_fixes: bool,
        diff: bool,
        allow_dirty: bool,
        show_files: bool,
        show_settings: bool,
        watch: bool,
        diff_base: str | None,
        baseline: Path | None,
        write_baseline: Path | None,
        add_noqa: bool,
        quiet: bool,
        verbose: bool,
        **others: object,
    ) -> _Result:
        for option, given in (("--unsafe-fixes", unsafe_fixes), ("--allow-dirty", allow_dirty)):
            if given and not (fix or diff):
                raise click.UsageError(f"{option} belongs to --fix or --diff")
        options = LintOptions(
            output_format,
            output_file,
            statistics,
            exit_zero,
            Severity(fail_on) if fail_on is not None else None,
            FixOptions(unsafe_fixes, diff, allow_dirty) if fix or diff else None,
            show_files,
            show_settings,
            watch,
            diff_base,
            baseline,
            write_baseline,
            add_noqa,
            quiet,
            verbose,
        )
        return command(options=options, **others)

    return with_options


def _output_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    for option in reversed(
        (
            click.option(
                "--output-format",
                type=click.Choice(sorted(FORMATS)),
                default=None,
                help="How findings are printed (default: full, or the configured one).",
            ),
            click.option(
                "--output-file",
                "-o",
                type=click.Path(dir_okay=False, path_type=str),
                help="Write the findings to this file.",
            ),
            click.option("--statistics", is_flag=True, help="Print a count for each rule instead."),
            click.option(
                "--exit-zero", "-e", is_flag=True, help="Exit with 0 even when there are findings."
            ),
            click.option(
                "--fail-on",
                type=click.Choice([severity.value for severity in Severity]),
                help="The least severity to exit with 1 for; replaces the configured one.",
            ),
        )
    ):
        command = option(command)
    return command


def _fix_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    for option in reversed(
        (
            click.option("--fix", is_flag=True, help="Apply safe fixes, and report what is left."),
            click.option(
                "--unsafe-fixes", is_flag=True, help="Apply fixes that may change behavior, too."
            ),
            click.option(
                "--diff", is_flag=True, help="Print what --fix would change, and write nothing."
            ),
            click.option(
                "--allow-dirty",
                is_flag=True,
                help="Fix files with uncommitted changes in git, too.",
            ),
        )
    ):
        command = option(command)
    return command


def _accepting_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    for option in reversed(
        (
            click.option(
                "--diff-base",
                "--since",
                "diff_base",
                metavar="REV",
                help="Report only what stands on lines that were added or changed since REV.",
            ),
            click.option(
                "--baseline",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="Leave out the findings that this file accepts.",
            ),
            click.option(
                "--write-baseline",
                type=click.Path(dir_okay=False, path_type=Path),
                help="Accept all findings of this run in this file.",
            ),
            click.option(
                "--add-noqa", is_flag=True, help="Add '# noqa' comments for all findings."
            ),
        )
    ):
        command = option(command)
    return command
