"""``torchdet lint``."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from torchdet.cli._checked import Checked
from torchdet.cli._exit import Exit
from torchdet.cli._files import (
    FileOptions,
    file_options,
    find_files,
    read_stdin,
    refuse_output_elsewhere,
    usage_errors,
    writable,
)
from torchdet.cli._options import RuleOptions, rule_options
from torchdet.cli._output import CommandError, say, write_text
from torchdet.cli._progress import progress_bar
from torchdet.engine.baseline import Baseline, BaselineError, read_baseline
from torchdet.engine.changed_rows import changed_rows, only_changed
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.check_files import check_files
from torchdet.engine.decode import decode_source
from torchdet.engine.footprint import Footprint
from torchdet.engine.git_program import GitError
from torchdet.engine.manifest import run_key, write_manifest
from torchdet.engine.project_files import file_settings
from torchdet.engine.write_file import replace_file
from torchdet.findings.registry import all_cards, all_rules
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.model.file_kinds import JSON
from torchdet.model.source import DecodeError, EncodeError
from torchdet.private_folder import FolderNotOursError
from torchdet.read_file import read_file
from torchdet.report import DESCRIBING_FORMATS, FORMATS, TEXT_FORMATS, render, rule_statistics
from torchdet.report.options import RenderOptions
from torchdet.terminal import use_colour


@click.command(short_help="Check files and report findings.")
@rule_options
@click.option(
    "--output-format",
    type=click.Choice(sorted(FORMATS)),
    default="full",
    show_default=True,
    help="How findings are printed.",
)
@click.option(
    "--output-file",
    type=click.Path(dir_okay=False, path_type=str),
    help="Write the findings to this file.",
)
@click.option("--statistics", is_flag=True, help="Print a count for each rule instead.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    help="The least severity to exit with 1 for; replaces the configured one.",
)
@file_options
@click.option(
    "--diff-base",
    "--since",
    "diff_base",
    metavar="REV",
    help="Report only what stands on lines that were added or changed since the git revision REV.",
)
@click.option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Leave out the findings that this file accepts.",
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Accept all findings of this run in this file.",
)
@click.option("--add-noqa", is_flag=True, help="Add '# noqa' comments for all findings.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings and errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Say what was done, on standard error.")
@click.pass_obj
def lint(
    arguments: tuple[str, ...] | None,
    rules: RuleOptions,
    files: FileOptions,
    output_format: str,
    output_file: str | None,
    statistics: bool,
    exit_zero: bool,
    fail_on: str | None,
    diff_base: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    add_noqa: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Check the Python files among and below PATHS (the current folder by default).

    '-' reads standard input. Exit codes: 0 nothing as grave as --fail-on, 1 findings, 2 the run
    failed: bad usage, bad configuration, or a file that could not be read or parsed.
    """
    _require_one_purpose(files, add_noqa=add_noqa, accepts=write_baseline, diff_base=diff_base)
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    for output in (output_file, write_baseline):
        refuse_output_elsewhere(output, files)
    started = time.perf_counter()
    prints_only = not (add_noqa or verbose or output_file or write_baseline or diff_base)
    run = _Run(files, arguments if prints_only else None)
    with usage_errors():
        checked = _check(files, rules, run, quiet=quiet, verbose=verbose)
    if write_baseline is not None:
        return _write_baseline(checked.without_raw_imports()[0].reports, write_baseline)
    if baseline is not None:
        # Entries of rules that the command line leaves out are not stale.
        news = not quiet and rules == RuleOptions()
        checked = _without_accepted(checked, baseline, run, news=news)
    if diff_base is not None:
        checked = _only_changed(checked, diff_base)
    if add_noqa:
        return _add_noqa(checked.without_raw_imports()[0].reports, files)
    colour = output_file is None and use_colour()
    text = _text(checked, output_format, statistics=statistics, colour=colour, quiet=quiet)
    write_text(text, output_file)
    if verbose:
        _say_done(checked.reports, time.perf_counter() - started)
    least = Severity(fail_on) if fail_on is not None else None
    code = _exit_code(checked, least, exit_zero=exit_zero)
    if code != Exit.FAILED:
        run.remember(text, code)
    return code


def _require_one_purpose(
    files: FileOptions, *, add_noqa: bool, accepts: Path | None, diff_base: str | None
) -> None:
    """Raise ``click.UsageError`` for options about findings that exclude each other."""
    if add_noqa and accepts:
        raise click.UsageError("--add-noqa and --write-baseline exclude each other")
    if diff_base and accepts:
        raise click.UsageError("--diff-base and --write-baseline exclude each other")
    if files.reads_stdin and (add_noqa or accepts or diff_base):
        raise click.UsageError("--add-noqa, --write-baseline and --diff-base need files")


class _Run:
    """What the next run with the same ``arguments`` needs to know of this one.

    Nothing is remembered of a run without ``arguments`` or without a cache, of one over standard
    input, nor of one that has had something to say beside its output.
    """

    def __init__(self, files: FileOptions, arguments: tuple[str, ...] | None) -> None:
        remembers = files.cache_folder is not None and not files.reads_stdin
        self._arguments = arguments if remembers else None
        self.footprint = Footprint(files.paths or (".",))
        if files.config is not None:
            self.footprint.read(str(files.config))

    def forget(self) -> None:
        """The output is not all that there is to this run."""
        self._arguments = None

    def remember(self, output: str, code: int) -> None:
        """Keep what was printed until something changes that it depends on."""
        if self._arguments is None:
            return
        key, states = run_key(self._arguments), self.footprint.states()
        if key is None or states is None:
            return
        # Like any cache that cannot be written, it costs the next run its time.
        with contextlib.suppress(OSError, UnicodeError, FolderNotOursError):
            write_manifest(key, output, code, states)


def _check(
    files: FileOptions, rules: RuleOptions, run: _Run, *, quiet: bool, verbose: bool
) -> Checked:
    if files.reads_stdin:
        file, data = read_stdin(files, rules)
        return Checked((check_bytes(file.path, data, file_settings(file)),), (file,))
    found = find_files(files, rules, run.footprint, quiet=quiet)
    if verbose:
        found.say_more()
    if not found.files:
        run.forget()
    with progress_bar(len(found.files), wanted=not quiet) as progress:
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


def _without_accepted(checked: Checked, path: Path, run: _Run, *, news: bool) -> Checked:
    """``checked`` without what the baseline at ``path`` accepts.

    ``news`` is whether to say how much of it no longer occurs.
    """
    run.footprint.read(str(path))

    def exists(file: str) -> bool:
        run.footprint.read(str(path.parent / file))
        return (path.parent / file).exists()

    try:
        kept, stale = read_baseline(path).filter(checked.reports, exists)
    except BaselineError as error:
        raise CommandError(str(error)) from None
    if stale and news:
        run.forget()
        say(
            f"torchdet: {stale} of the findings that {path} accepts no longer occur; "
            "--write-baseline drops them"
        )
    return replace(checked, reports=tuple(kept))


def _write_baseline(reports: Sequence[FileReport], path: Path) -> int:
    baseline = Baseline.of(reports, str(path.parent))
    write_text(baseline.to_json(), str(path))
    say(f"{baseline.counts.total()} findings accepted in {path}")
    return _report_failures(reports)


def _add_noqa(reports: Sequence[FileReport], files: FileOptions) -> int:
    comments = 0
    problems: list[FileReport] = []
    commented = (each for each in reversed(reports) if not each.path.endswith(JSON))
    found = {os.path.realpath(each.path): each for each in commented if each.findings}
    inside = writable((each.path for each in found.values()), files)
    for report in reversed(found.values()):
        if report.path in inside:
            try:
                comments += _add_noqa_to(report)
            except OSError as error:
                reason = f"cannot be written: {error.strerror or error}"
                problems.append(failure(report.path, reason))
            except (DecodeError, EncodeError) as error:
                problems.append(failure(report.path, f"cannot be written: {error}"))
    say(f"added # noqa for {comments} findings")
    return _report_failures((*reports, *problems))


def _add_noqa_to(report: FileReport) -> int:
    data = read_file(report.path)
    source = decode_source(report.path, data)
    from torchdet.engine.add_noqa import add_noqa

    text = add_noqa(source, report.findings)
    replace_file(report.path, data, source.encode(text))
    return sum(1 for each in report.findings if each.code != UNUSED_SUPPRESSION.code)


def _report_failures(reports: Sequence[FileReport]) -> int:
    """Print what could not be checked, where findings themselves are no news."""
    failed = [report.without_findings() for report in reports if report.failed]
    if failed:
        write_text(render("concise", failed, RenderOptions(summary=False)))
    return Exit.FAILED if failed else Exit.CLEAN


def _text(
    checked: Checked, output_format: str, *, statistics: bool, colour: bool, quiet: bool
) -> str:
    """What a run prints on standard output."""
    for_people = output_format in TEXT_FORMATS
    if statistics:
        if for_people:
            return rule_statistics.render_text(checked.reports, colour=colour)
        return rule_statistics.render_json(checked.reports)
    if not for_people:
        describes = output_format in DESCRIBING_FORMATS
        rules = tuple(rule.info for rule in all_rules()) if describes else ()
        return render(output_format, checked.reports, RenderOptions(rules=rules))
    shown, raw_imports = checked.without_raw_imports()
    options = RenderOptions(
        colour=colour,
        summary=not quiet,
        consequences={card.code: card.consequence for card in all_cards()},
        tests=checked.tests(),
        raw_imports=raw_imports,
    )
    return render(output_format, shown.reports, options)


def _say_done(reports: Sequence[FileReport], seconds: float) -> None:
    silenced = sum(report.suppressed for report in reports)
    counted = "1 file" if len(reports) == 1 else f"{len(reports)} files"
    say(f"{counted} in {seconds:.2f} s; {silenced} findings suppressed")


def _exit_code(checked: Checked, fail_on: Severity | None, *, exit_zero: bool) -> int:
    if any(report.failed for report in checked.reports):
        return Exit.FAILED
    fails = not exit_zero and checked.fails(fail_on)
    return Exit.FINDINGS if fails else Exit.CLEAN
