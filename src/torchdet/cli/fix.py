"""``torchdet fix``."""

from __future__ import annotations

import click

from torchdet.cli._file_options import FileOptions, file_options, usage_errors
from torchdet.cli._fixes import FixOptions, run_fixes
from torchdet.cli._migrate import MigrateOptions, migrate_options, run_migration
from torchdet.cli._options import RuleOptions, rule_options


@click.command(short_help="Apply the fixes of findings.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply fixes that may change behaviour, too.")
@click.option("--diff", is_flag=True, help="Print what would change as a patch; write nothing.")
@click.option(
    "--allow-dirty", is_flag=True, help="Write files with uncommitted changes in git, too."
)
@migrate_options
@rule_options
@file_options
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Say what was passed over, too.")
def fix(
    rules: RuleOptions,
    files: FileOptions,
    migrate: MigrateOptions | None,
    unsafe_fixes: bool,
    diff: bool,
    allow_dirty: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Apply safe fixes in the Python files among and below PATHS (the current folder by default).

    '-' fixes standard input and writes it to standard output. --migrate rewrites a whole project
    to take torch, devices and seeds from the runtime's handle. Exit codes: 0 every fix that there
    is was made, whether or not other findings remain; 1 fixes were refused, or --diff printed
    something; 2 the run failed: bad usage, bad configuration, files with uncommitted changes, or
    a file that could not be read, parsed or written.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    with usage_errors():
        if migrate is not None:
            return run_migration(
                files,
                rules,
                migrate,
                unsafe=unsafe_fixes,
                diff=diff,
                allow_dirty=allow_dirty,
                quiet=quiet,
                verbose=verbose,
            )
        options = FixOptions(unsafe_fixes, diff, allow_dirty)
        return run_fixes(files, rules, options, quiet=quiet, verbose=verbose)
