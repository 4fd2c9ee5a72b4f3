"""Applies the fixes of findings: what ``torchdet fix`` and ``torchdet lint --fix`` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torchdet.cli._exit import Exit
from torchdet.cli._file_options import FileOptions
from torchdet.cli._files import Found, find_files, read_stdin, writable
from torchdet.cli._options import RuleOptions
from torchdet.cli._output import say, write_data, write_notes
from torchdet.cli._patch import print_patch, refuse_uncommitted
from torchdet.cli._progress import progress_bar
from torchdet.engine.check import failure
from torchdet.engine.converge import fix_bytes
from torchdet.engine.fix_files import fix_files
from torchdet.engine.project_files import file_settings
from torchdet.engine.write_file import remove_leftovers_beside, replace_file
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_fixes import FileFixes
from torchdet.report import fix_summary, render
from torchdet.report.options import RenderOptions
from torchdet.report.wording import count


@dataclass(frozen=True, slots=True)
class FixOptions:
    """Which fixes are made, and whether they are written: ``diff`` shows them as a patch."""

    unsafe: bool = False
    diff: bool = False
    allow_dirty: bool = False


def run_fixes(
    files: FileOptions, rules: RuleOptions, options: FixOptions, *, quiet: bool, verbose: bool
) -> int:
    """Make the fixes in ``files``, or in standard input, and account for them; the exit code.

    Raises ``CommandError`` when files have uncommitted changes.
    """
    if files.reads_stdin:
        results = [_fix_stdin(files, rules, unsafe=options.unsafe, echo=not options.diff)]
    else:
        results = _fixes(files, find(files, rules, quiet, verbose), options, quiet=quiet)
    if options.diff:
        for result in results:
            if result.change is not None:
                print_patch(result.path, result.change)
    elif not files.reads_stdin:
        results = write_fixes(results, options)
    _print_account(results, options, quiet=quiet)
    return _exit_code(results, diff=options.diff)


def fix_found(
    files: FileOptions, found: Found, options: FixOptions, *, quiet: bool
) -> tuple[FileReport, ...]:
    """Make and write the fixes in the files ``found``; the reports on what is left.

    Says on standard error what was fixed, and what was refused. Raises ``CommandError`` when files
    have uncommitted changes.
    """
    results = write_fixes(_fixes(files, found, options, quiet=quiet), options)
    write_notes(fix_summary.refusals(results))
    fixed = [each for result in results if result.change is not None for each in result.fixed]
    if fixed and not quiet:
        say(f"torchdet: fixed {count(len(fixed), 'finding')}")
    return tuple(result.report for result in results)


def find(files: FileOptions, rules: RuleOptions, quiet: bool, verbose: bool) -> Found:
    """The files to fix; says so when there are none."""
    found = find_files(files, rules, quiet=quiet)
    if verbose:
        found.say_more()
    return found


def _fixes(
    files: FileOptions, found: Found, options: FixOptions, *, quiet: bool
) -> list[FileFixes]:
    """The fixes of the files ``found``, none of them written; those out of the tree have none."""
    inside = writable((file.path for file in found.files), files)
    chosen = [file for file in found.files if file.path in inside]
    with progress_bar(len(chosen), wanted=not quiet) as progress:
        results = fix_files(
            chosen,
            unsafe=options.unsafe,
            jobs=files.jobs,
            cache_folder=files.cache_folder,
            progress=progress,
        )
    results += [FileFixes(report) for report in found.unreachable]
    return sorted(results, key=lambda result: result.path)


def write_fixes(results: Sequence[FileFixes], options: FixOptions) -> list[FileFixes]:
    """``results`` after they were written. Raises ``CommandError`` for uncommitted changes."""
    if not options.allow_dirty:
        refuse_uncommitted([each.path for each in results if each.change is not None])
    remove_leftovers_beside(each.path for each in results)
    return [_written(result) for result in results]


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


def _print_account(results: Sequence[FileFixes], options: FixOptions, *, quiet: bool) -> None:
    """Say on standard error what went wrong and, unless ``quiet``, what was and was not fixed."""
    failed = [each.report.without_findings() for each in results if each.report.failed]
    write_notes(render("concise", failed, RenderOptions(summary=False)))
    write_notes(fix_summary.refusals(results))
    if not quiet:
        write_notes(fix_summary.render(results, unsafe=options.unsafe, written=not options.diff))


def _exit_code(results: Sequence[FileFixes], *, diff: bool) -> int:
    if any(result.report.failed for result in results):
        return Exit.FAILED
    refused = any(result.refusal is not None for result in results)
    shown = diff and any(result.change is not None for result in results)
    return Exit.FINDINGS if refused or shown else Exit.CLEAN
