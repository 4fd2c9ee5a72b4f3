"""``torchdet lint``."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from torchdet.cli._accepted import add_comments, without_accepted, write_new_baseline
from torchdet.cli._checked import Checked
from torchdet.cli._exit import Exit
from torchdet.cli._file_options import FileOptions, file_options, usage_errors
from torchdet.cli._files import find_files, read_stdin, refuse_output_elsewhere
from torchdet.cli._fixes import fix_found, run_fixes
from torchdet.cli._lint_options import LintOptions, lint_options
from torchdet.cli._lint_output import configured_format, exit_code, lint_text, say_done
from torchdet.cli._options import RuleOptions, rule_options
from torchdet.cli._output import CommandError, write_text
from torchdet.cli._progress import progress_bar
from torchdet.cli._remembered import RememberedRun
from torchdet.cli._show import show_files, show_settings
from torchdet.engine.changed_rows import changed_rows, only_changed
from torchdet.engine.check import check_bytes
from torchdet.engine.check_files import check_files
from torchdet.engine.git_program import GitError
from torchdet.engine.project_files import file_settings
from torchdet.terminal import use_colour


@click.command(short_help="Check files and report findings.")
@rule_options
@lint_options
@file_options
@click.pass_obj
def lint(
    arguments: tuple[str, ...] | None,
    rules: RuleOptions,
    options: LintOptions,
    files: FileOptions,
) -> int:
    """Check the Python files among and below PATHS (the current folder by default).

    '-' reads standard input. Exit codes: 0 nothing as grave as --fail-on, 1 findings, 2 the run
    failed: bad usage, bad configuration, or a file that could not be read or parsed.
    """
    options.check(files)
    for output in (options.output_file, options.write_baseline):
        refuse_output_elsewhere(output, files)
    if options.watch:
        from torchdet.cli._watch import watch

        return watch(files.paths or (".",), arguments or ())
    with usage_errors():
        if options.show_files:
            return show_files(find_files(files, rules, quiet=options.quiet))
        if options.show_settings:
            return show_settings(files, rules)
        if options.fixes is not None and options.fixes.diff:
            quiet, verbose = options.quiet, options.verbose
            return run_fixes(files, rules, options.fixes, quiet=quiet, verbose=verbose)
        return _lint(files, rules, options, arguments)


def _lint(
    files: FileOptions,
    rules: RuleOptions,
    options: LintOptions,
    arguments: tuple[str, ...] | None,
) -> int:
    started = time.perf_counter()
    run = RememberedRun(files, arguments if options.only_prints else None)
    output_format = options.output_format or configured_format(files.here)
    checked = _check(files, rules, options, run)
    if options.write_baseline is not None:
        accepted = checked.without_raw_imports()[0].reports
        return write_new_baseline(accepted, options.write_baseline)
    if options.baseline is not None:
        # Entries of rules that the command line leaves out are not stale.
        news = not options.quiet and rules == RuleOptions()
        checked = without_accepted(checked, options.baseline, run, news=news)
    if options.diff_base is not None:
        checked = _only_changed(checked, options.diff_base)
    if options.add_noqa:
        return add_comments(checked.without_raw_imports()[0].reports, files)
    colour = options.output_file is None and use_colour()
    text = lint_text(
        checked, output_format, statistics=options.statistics, colour=colour, quiet=options.quiet
    )
    write_text(text, options.output_file)
    if options.verbose:
        say_done(checked.reports, time.perf_counter() - started)
    code = exit_code(checked, options.fail_on, exit_zero=options.exit_zero)
    if code != Exit.FAILED:
        run.remember(text, code)
    return code


def _check(
    files: FileOptions, rules: RuleOptions, options: LintOptions, run: RememberedRun
) -> Checked:
    if files.reads_stdin:
        file, data = read_stdin(files, rules)
        return Checked((check_bytes(file.path, data, file_settings(file)),), (file,))
    found = find_files(files, rules, run.footprint, quiet=options.quiet)
    if options.verbose:
        found.say_more()
    if not found.files:
        run.forget()
    if options.fixes is not None:
        left = fix_found(files, found, options.fixes, quiet=options.quiet)
        return Checked(left, found.files)
    with progress_bar(len(found.files), wanted=not options.quiet) as progress:
        reports = check_files(
            found.files,
            jobs=files.jobs,
            cache_folder=files.cache_folder,
            progress=progress,
            footprint=run.footprint,
        )
    ordered = sorted((*reports, *found.unreachable), key=lambda report: report.path)
    return Checked(tuple(ordered), found.files)


def _only_changed(checked: Checked, revision: str) -> Checked:
    """``checked`` with the findings on what has changed since ``revision`` alone."""
    try:
        rows = changed_rows((file.path for file in checked.files), revision)
    except GitError as error:
        raise CommandError(str(error)) from None
    reports = (only_changed(each, rows.get(each.path, frozenset())) for each in checked.reports)
    return replace(checked, reports=tuple(reports))
