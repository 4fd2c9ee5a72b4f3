"""``torchdet lint``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from torchdet.cli._exit import Exit
from torchdet.cli._options import RuleOptions, parse_selectors
from torchdet.cli._output import use_colour, write_text
from torchdet.cli._progress import progress_bar
from torchdet.config_file import ConfigError, ConfigFinder, read_lint_config
from torchdet.engine.add_noqa import add_noqa
from torchdet.engine.baseline import Baseline, BaselineError, read_baseline
from torchdet.engine.cache import default_folder
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.check_files import check_files
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.engine.discover import ConfigFor, SourceFile, Unreachable, discover, source_file
from torchdet.engine.pool import available_cpus
from torchdet.engine.settings import settings_for
from torchdet.engine.write_file import replace_file, write_file
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText
from torchdet.report import FORMATS, TEXT_FORMATS, render, rule_statistics
from torchdet.report.options import RenderOptions
from torchdet.rules.registry import SelectorError, all_rules

_STDIN = "-"


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of one call that are not about rules."""

    stdin_filename: str
    force_exclude: bool
    jobs: int
    cache_folder: Path | None
    quiet: bool
    verbose: bool


@click.command(short_help="Check files and report findings.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "--select",
    callback=parse_selectors,
    multiple=True,
    help="Rules to run, by code, family (DET3) or name; replaces the configured ones.",
)
@click.option("--ignore", callback=parse_selectors, multiple=True, help="Rules not to run.")
@click.option(
    "--extend-select", callback=parse_selectors, multiple=True, help="Rules to run as well."
)
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
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
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
def lint(
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    extend_select: tuple[str, ...],
    output_format: str,
    output_file: str | None,
    statistics: bool,
    exit_zero: bool,
    jobs: int | None,
    config: Path | None,
    isolated: bool,
    stdin_filename: str | None,
    force_exclude: bool,
    no_cache: bool,
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
    rules = RuleOptions(select, ignore, extend_select)
    options = _Options(
        stdin_filename or _STDIN,
        force_exclude,
        jobs or available_cpus(),
        None if no_cache else default_folder(),
        quiet,
        verbose,
    )
    started = time.perf_counter()
    try:
        config_for = _config_for(config, isolated, rules)
        reports = _check(paths or (".",), config_for, options)
        if write_baseline is not None:
            return _write_baseline(reports, write_baseline)
        if add_noqa:
            return _add_noqa(reports)
        if baseline is not None:
            reports = _without_accepted(reports, baseline, options)
    except (ConfigError, BaselineError, SelectorError) as error:
        raise click.ClickException(str(error)) from None
    colour = output_file is None and use_colour()
    if not statistics:
        text = render(output_format, reports, _render_options(colour=colour, quiet=quiet))
    elif output_format in TEXT_FORMATS:
        text = rule_statistics.render_text(reports, colour=colour)
    else:
        text = rule_statistics.render_json(reports)
    write_text(text, output_file)
    if verbose:
        seconds = time.perf_counter() - started
        silenced = sum(report.suppressed for report in reports)
        click.echo(f"{len(reports)} files in {seconds:.2f} s; {silenced} suppressed", err=True)
    return _exit_code(reports, exit_zero=exit_zero)


def _config_for(file: Path | None, isolated: bool, rules: RuleOptions) -> ConfigFor:
    if file is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    if file is None and not isolated:
        return ConfigFinder(rules.override)
    config = LintConfig()
    if file is not None:
        read = read_lint_config(file)
        if read is None:
            raise ConfigError(f"{file}: has no [tool.torchdet] table")
        config = read
    try:
        config = rules.override(config)
    except SelectorError as error:
        raise ConfigError(f"{file}: {error}") from None
    return lambda _folder: config


def _check(paths: Sequence[str], config_for: ConfigFor, options: _Options) -> list[FileReport]:
    if _STDIN in paths:
        if len(paths) > 1:
            raise click.UsageError("'-' stands alone: standard input is checked by itself")
        return [_check_stdin(config_for, options.stdin_filename)]
    found = discover(paths, config_for, force_exclude=options.force_exclude)
    files = [item for item in found if isinstance(item, SourceFile)]
    if not found and not options.quiet:
        click.echo("torchdet: no Python files found", err=True)
    with progress_bar(len(files), wanted=not options.quiet) as progress:
        reports = check_files(
            files, jobs=options.jobs, cache_folder=options.cache_folder, progress=progress
        )
    unreachable = [
        failure(item.path, f"cannot be read: {item.reason}")
        for item in found
        if isinstance(item, Unreachable)
    ]
    return sorted((*reports, *unreachable), key=lambda report: report.path)


def _check_stdin(config_for: ConfigFor, name: str) -> FileReport:
    data = sys.stdin.buffer.read()
    file = source_file(name, config_for(Path(name).parent))
    settings = settings_for(file.path, file.module_name, file.config)
    return run_with_deep_stack(lambda: check_bytes(name, data, settings))


def _without_accepted(
    reports: Sequence[FileReport], path: Path, options: _Options
) -> list[FileReport]:
    kept, stale = read_baseline(path).filter(reports)
    if stale and not options.quiet:
        click.echo(
            f"torchdet: {stale} of the findings that {path} accepts no longer occur; "
            "--write-baseline drops them",
            err=True,
        )
    return kept


def _write_baseline(reports: Sequence[FileReport], path: Path) -> int:
    baseline = Baseline.of(reports, str(path.parent))
    write_file(str(path), baseline.to_json().encode())
    click.echo(f"{baseline.counts.total()} findings accepted in {path}", err=True)
    return _report_failures(reports)


def _add_noqa(reports: Sequence[FileReport]) -> int:
    comments = 0
    problems: list[FileReport] = []
    for report in reports:
        if report.diagnostics and not report.failed:
            try:
                comments += _add_noqa_to(report)
            except (OSError, UnicodeError) as error:
                problems.append(failure(report.path, f"cannot be written: {error}"))
    click.echo(f"added # noqa for {comments} findings", err=True)
    return _report_failures((*reports, *problems))


def _add_noqa_to(report: FileReport) -> int:
    data = Path(report.path).read_bytes()
    source = SourceText.decode(data)
    text = add_noqa(source, report.diagnostics)
    replace_file(report.path, data, source.encode(text))
    return len(report.diagnostics)


def _report_failures(reports: Sequence[FileReport]) -> int:
    """Print what could not be checked, where findings themselves are no news."""
    failed = [report for report in reports if report.failed]
    if failed:
        write_text(render("concise", failed, _render_options(colour=False, quiet=True)), None)
    return Exit.FAILED if failed else Exit.CLEAN


def _render_options(*, colour: bool, quiet: bool) -> RenderOptions:
    rules = tuple(rule.info for rule in all_rules())
    return RenderOptions(colour=colour, summary=not quiet, rules=rules)


def _exit_code(reports: Sequence[FileReport], *, exit_zero: bool) -> int:
    if any(report.failed for report in reports):
        return Exit.FAILED
    if any(report.diagnostics for report in reports) and not exit_zero:
        return Exit.FINDINGS
    return Exit.CLEAN
