"""``torchdet verify``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from torchdet.cli._exit import Exit
from torchdet.cli._output import say, write_text
from torchdet.cli._program import ProgramCommand, ProgramForm, program_of
from torchdet.findings.registry import all_rules
from torchdet.read_file import read_file
from torchdet.report.options import RenderOptions
from torchdet.terminal import use_colour
from torchdet.verify.conditions import CONDITIONS
from torchdet.verify.ladder import Verification, compare_traces
from torchdet.verify.presentation import FORMATS, render_verdict
from torchdet.verify.presentation.variation_report import FORMATS as VARIATION_FORMATS
from torchdet.verify.presentation.variation_report import render_variations
from torchdet.verify.recording_spec import Level
from torchdet.verify.static_match import advice_for
from torchdet.verify.trace.archive import open_trace, pack_trace
from torchdet.verify.trace.trace_reader import TraceError
from torchdet.verify.variation import VariationReport
from torchdet.verify.variation import vary as run_varied
from torchdet.verify.verdict import Verdict, VerifyError

LEVELS = ("auto", *(level.value for level in Level))


@click.command(
    cls=ProgramCommand,
    short_help="Run a program twice and find the first line that gives other bits.",
)
@click.option("--runs", type=click.IntRange(2), default=2, show_default=True,
              help="How often the program is run.")  # fmt: skip
@click.option("--level", type=click.Choice(LEVELS), default="auto", show_default=True,
              help="What is recorded; 'auto' goes down from steps where they differ.")  # fmt: skip
@click.option("--keep-going", is_flag=True,
              help="Report every difference that has a cause of its own.")  # fmt: skip
@click.option("--eager", is_flag=True,
              help="Look into compiled regions: they then run eagerly.")  # fmt: skip
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path),
              help="Run once and write the trace to this file.")  # fmt: skip
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Run once and compare with the trace in this file.")  # fmt: skip
@click.option("--vary", metavar="CONDITION[,...]",
              help="Run under one changed condition each, and say which leave the bits alone: "
              f"{', '.join(CONDITIONS)}, or all.")  # fmt: skip
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True,
              help="How the verdict is printed.")  # fmt: skip
@click.option("--output-file", type=click.Path(dir_okay=False, path_type=str),
              help="Write the verdict to this file.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Do not say what is being done.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def verify(
    context: click.Context,
    runs: int,
    level: str,
    keep_going: bool,
    eager: bool,
    record: Path | None,
    against: Path | None,
    vary: str | None,
    output_format: str,
    output_file: str | None,
    quiet: bool,
    words: tuple[str, ...],
) -> int:
    """Run a program several times, unchanged, and say whether it repeats itself bit by bit.

    Where it does not, the first operation that differs is named with its line, its cause and what
    to do. 'torchdet verify compare A B' compares two traces that --record has written. The
    program's standard output goes to standard error. Exit codes: 0 identical, 1 diverged, 2 the
    program failed or nothing was recorded.
    """
    asked = {"--record": record, "--against": against, "--vary": vary}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")
    conditions = _conditions(vary, output_format)
    program = program_of(context, words)
    try:
        with tempfile.TemporaryDirectory(prefix="torchdet-verify-") as folder:
            if program.form is ProgramForm.SCRIPT and words[0] == "compare" and len(words) == 3:
                one, other = (open_trace(Path(each), Path(folder)) for each in words[1:])
                verdict = compare_traces(one, other, keep_going=keep_going)
                return _report(verdict, output_format, output_file)
            verification = Verification(
                program.command(),
                Path(folder),
                level=None if level == "auto" else Level(level),
                runs=runs,
                keep_going=keep_going,
                eager=eager,
                with_aftermath=output_format == "html",
                against=None if against is None else open_trace(against, Path(folder)),
                say=(lambda _text: None) if quiet else _say,
            )
            if eager:
                verification.say(
                    "compiled regions run eagerly: this program is not the compiled one"
                )
            if record is not None:
                pack_trace(verification.record(), record)
                return Exit.CLEAN
            if conditions:
                report = run_varied(verification, conditions)
                return _report_variations(report, output_format, output_file)
            return _report(verification.verify(), output_format, output_file)
    except (VerifyError, TraceError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{words[0]}: {error.strerror or error}") from None


def _conditions(asked: str | None, output_format: str) -> tuple[str, ...]:
    names = () if asked is None else CONDITIONS if asked == "all" else tuple(asked.split(","))
    for name in names:
        if name not in CONDITIONS:
            known = ", ".join((*CONDITIONS, "all"))
            raise click.BadParameter(f"{name!r} is none of {known}", param_hint="--vary")
    if names and output_format not in VARIATION_FORMATS:
        raise click.UsageError(f"--vary has the formats {' and '.join(VARIATION_FORMATS)}")
    return names


def _report_variations(report: VariationReport, output_format: str, output_file: str | None) -> int:
    verdicts = (report.unchanged, *(each.verdict for each in report.variations))
    advice = {each: advice_for(each) for verdict in verdicts for each in verdict.findings}
    options = RenderOptions(colour=output_file is None and use_colour())
    write_text(render_variations(output_format, report, advice, options), output_file)
    return Exit.CLEAN if report.is_identical else Exit.FINDINGS


def _report(verdict: Verdict, output_format: str, output_file: str | None) -> int:
    advice = {each: advice_for(each) for each in verdict.findings}
    matched = {each.rule for each in advice.values() if each.rule is not None}
    rules = tuple(rule.info for rule in all_rules() if rule.code in matched) if matched else ()
    colour = output_file is None and use_colour()
    options = RenderOptions(colour=colour, rules=rules)
    write_text(render_verdict(output_format, verdict, advice, options), output_file)
    summary = os.environ.get(_JOB_SUMMARY)
    if output_format == "github" and summary:
        before = read_file(summary).decode() if Path(summary).exists() else ""
        write_text(before + render_verdict("markdown", verdict, advice, options), summary)
    return Exit.CLEAN if verdict.is_identical else Exit.FINDINGS


_JOB_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The file in which GitHub collects what a step has to say about its job."""


def _say(text: str) -> None:
    say(f"torchdet verify: {text}")
