"""``torchdet lint``."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import click

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
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.check_files import check_files
from torchdet.engine.footprint import Footprint
from torchdet.engine.manifest import run_key, write_manifest
from torchdet.engine.project_files import file_settings
from torchdet.engine.write_file import replace_file
from torchdet.findings.registry import all_rules
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import DecodeError, EncodeError, SourceText
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
@file_options
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
    baseline: Path | None,
    write_baseline: Path | None,
    add_noqa: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Check the Python files among and below PATHS (the current folder by default).

    '-' reads standard input. Exit codes: 0 no findings, 1 findings, 2 the run failed: bad usage,
    bad configuration, or a file that could not be read or parsed.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    _require_one_purpose(files, add_noqa=add_noqa, accepts=write_baseline is not None)
    for output in (output_file, write_baseline):
        refuse_output_elsewhere(output, files)
    started = time.perf_counter()
    prints_only = not (add_noqa or verbose or output_file or write_baseline)
    run = _Run(files, arguments if prints_only else None)
    with usage_errors():
        reports = _check(files, rules, run, quiet=quiet, verbose=verbose)
    if write_baseline is not None:
        return _write_baseline(reports, write_baseline)
    if baseline is not None:
        # Entries of rules that the command line leaves out are not stale.
        news = not quiet and rules == RuleOptions()
        reports = _without_accepted(reports, baseline, run, news=news)
    if add_noqa:
        return _add_noqa(reports, files)
    colour = output_file is None and use_colour()
    if not statistics:
        text = render(
            output_format, reports, _render_options(output_format, colour=colour, quiet=quiet)
        )
    elif output_format in TEXT_FORMATS:
        text = rule_statistics.render_text(reports, colour=colour)
    else:
        text = rule_statistics.render_json(reports)
    write_text(text, output_file)
    if verbose:
        seconds = time.perf_counter() - started
        silenced = sum(report.suppressed for report in reports)
        counted = "1 file" if len(reports) == 1 else f"{len(reports)} files"
        say(f"{counted} in {seconds:.2f} s; {silenced} findings suppressed")
    code = _exit_code(reports, exit_zero=exit_zero)
    if code != Exit.FAILED:
        run.remember(text, code)
    return code


def _require_one_purpose(files: FileOptions, *, add_noqa: bool, accepts: bool) -> None:
    """Raise ``click.UsageError`` for options about findings that exclude each other."""
    if add_noqa and accepts:
        raise click.UsageError("--add-noqa and --write-baseline exclude each other")
    if files.reads_stdin and (add_noqa or accepts):
        raise click.UsageError("--add-noqa and --write-baseline need files; '-' is none")


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
) -> list[FileReport]:
    if files.reads_stdin:
        file, data = read_stdin(files, rules)
        return [check_bytes(file.path, data, file_settings(file))]
    found = find_files(files, rules, run.footprint, quiet=quiet)
    if verbose:
        found.say_dangling()
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
    return sorted((*reports, *found.unreachable), key=lambda report: report.path)


def _without_accepted(
    reports: Sequence[FileReport], path: Path, run: _Run, *, news: bool
) -> list[FileReport]:
    """``reports`` without what the baseline at ``path`` accepts.

    ``news`` is whether to say how much of it no longer occurs.
    """
    run.footprint.read(str(path))

    def exists(file: str) -> bool:
        run.footprint.read(str(path.parent / file))
        return (path.parent / file).exists()

    try:
        kept, stale = read_baseline(path).filter(reports, exists)
    except BaselineError as error:
        raise CommandError(str(error)) from None
    if stale and news:
        run.forget()
        say(
            f"torchdet: {stale} of the findings that {path} accepts no longer occur; "
            "--write-baseline drops them"
        )
    return kept


def _write_baseline(reports: Sequence[FileReport], path: Path) -> int:
    baseline = Baseline.of(reports, str(path.parent))
    write_text(baseline.to_json(), str(path))
    say(f"{baseline.counts.total()} findings accepted in {path}")
    return _report_failures(reports)


def _add_noqa(reports: Sequence[FileReport], files: FileOptions) -> int:
    comments = 0
    problems: list[FileReport] = []
    found = {os.path.realpath(each.path): each for each in reversed(reports) if each.findings}
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
    source = SourceText.decode(data)
    from torchdet.engine.add_noqa import add_noqa

    text = add_noqa(source, report.findings)
    replace_file(report.path, data, source.encode(text))
    return sum(1 for each in report.findings if each.code != UNUSED_SUPPRESSION.code)


def _report_failures(reports: Sequence[FileReport]) -> int:
    """Print what could not be checked, where findings themselves are no news."""
    failed = [report.without_findings() for report in reports if report.failed]
    if failed:
        write_text(render("concise", failed, _render_options("concise", colour=False, quiet=True)))
    return Exit.FAILED if failed else Exit.CLEAN


def _render_options(output_format: str, *, colour: bool, quiet: bool) -> RenderOptions:
    describes = output_format in DESCRIBING_FORMATS
    rules = tuple(rule.info for rule in all_rules()) if describes else ()
    return RenderOptions(colour=colour, summary=not quiet, rules=rules)


def _exit_code(reports: Sequence[FileReport], *, exit_zero: bool) -> int:
    if any(report.failed for report in reports):
        return Exit.FAILED
    if any(report.diagnostics for report in reports) and not exit_zero:
        return Exit.FINDINGS
    return Exit.CLEAN
