"""``torchdet fix``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from torchdet.cli._exit import Exit
from torchdet.cli._files import (
    FileOptions,
    file_options,
    find_files,
    read_stdin,
    usage_errors,
    writable,
)
from torchdet.cli._migrate import MigrateOptions, migrate_options, run_migration
from torchdet.cli._options import RuleOptions, rule_options
from torchdet.cli._output import write_data, write_notes
from torchdet.cli._patch import print_patch, refuse_uncommitted
from torchdet.cli._progress import progress_bar
from torchdet.engine.check import failure
from torchdet.engine.converge import fix_bytes
from torchdet.engine.fix_files import fix_files
from torchdet.engine.project_files import file_settings
from torchdet.engine.write_file import remove_leftovers_beside, replace_file
from torchdet.model.file_fixes import FileFixes
from torchdet.report import fix_summary, render
from torchdet.report.options import RenderOptions


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
        if files.reads_stdin:
            results = [_fix_stdin(files, rules, unsafe=unsafe_fixes, echo=not diff)]
        else:
            results = _fix(files, rules, unsafe=unsafe_fixes, quiet=quiet, verbose=verbose)
    if diff:
        for result in results:
            if result.change is not None:
                print_patch(result.path, result.change)
    elif not files.reads_stdin:
        if not allow_dirty:
            refuse_uncommitted([each.path for each in results if each.change is not None])
        remove_leftovers_beside(each.path for each in results)
        results = [_written(result) for result in results]
    _print_account(results, unsafe=unsafe_fixes, written=not diff, quiet=quiet)
    return _exit_code(results, diff=diff)


def _fix(
    files: FileOptions, rules: RuleOptions, *, unsafe: bool, quiet: bool, verbose: bool
) -> list[FileFixes]:
    found = find_files(files, rules, quiet=quiet)
    if verbose:
        found.say_more()
    inside = writable((file.path for file in found.files), files)
    chosen = [file for file in found.files if file.path in inside]
    with progress_bar(len(chosen), wanted=not quiet) as progress:
        results = fix_files(
            chosen,
            unsafe=unsafe,
            jobs=files.jobs,
            cache_folder=files.cache_folder,
            progress=progress,
        )
    results += [FileFixes(report) for report in found.unreachable]
    return sorted(results, key=lambda result: result.path)


def _fix_stdin(files: FileOptions, rules: RuleOptions, *, unsafe: bool, echo: bool) -> FileFixes:
    """The fixes of standard input; ``echo`` writes it to standard output, fixed or as it is."""
    file, data = read_stdin(files, rules)
    settings = file_settings(file)
    fixes = fix_bytes(file.path, data, settings, unsafe=unsafe)
    if echo:
        write_data(data if fixes.change is None else fixes.change.after)
    return fixes


def _written(result: FileFixes) -> FileFixes:
    """``result``, after its file was written; or the failure to do so."""
    if result.change is None:
        return result
    try:
        replace_file(result.path, result.change.before, result.change.after)
    except OSError as error:
        return FileFixes(failure(result.path, f"cannot be written: {error.strerror or error}"))
    return result


def _print_account(
    results: Sequence[FileFixes], *, unsafe: bool, written: bool, quiet: bool
) -> None:
    """Say on standard error what went wrong and, unless ``quiet``, what was and was not fixed."""
    failed = [each.report.without_findings() for each in results if each.report.failed]
    write_notes(render("concise", failed, RenderOptions(summary=False)))
    write_notes(fix_summary.refusals(results))
    if not quiet:
        write_notes(fix_summary.render(results, unsafe=unsafe, written=written))


def _exit_code(results: Sequence[FileFixes], *, diff: bool) -> int:
    if any(result.report.failed for result in results):
        return Exit.FAILED
    refused = any(result.refusal is not None for result in results)
    shown = diff and any(result.change is not None for result in results)
    return Exit.FINDINGS if refused or shown else Exit.CLEAN
