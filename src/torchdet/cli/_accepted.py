"""Findings that a project lives with: baselines, and ``# noqa`` comments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torchdet.cli._checked import Checked
from torchdet.cli._exit import Exit
from torchdet.cli._file_options import FileOptions
from torchdet.cli._files import writable
from torchdet.cli._output import CommandError, say, write_text
from torchdet.cli._remembered import RememberedRun
from torchdet.engine.baseline import Baseline, BaselineError, read_baseline
from torchdet.engine.check import failure
from torchdet.engine.decode import decode_source
from torchdet.engine.write_file import replace_file
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.model.diagnostic import FileReport
from torchdet.model.file_kinds import JSON
from torchdet.model.source import DecodeError, EncodeError
from torchdet.read_file import read_file
from torchdet.report import render
from torchdet.report.options import RenderOptions


def without_accepted(checked: Checked, path: Path, run: RememberedRun, *, news: bool) -> Checked:
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


def write_new_baseline(reports: Sequence[FileReport], path: Path) -> int:
    baseline = Baseline.of(reports, str(path.parent))
    write_text(baseline.to_json(), str(path))
    say(f"{baseline.counts.total()} findings accepted in {path}")
    return _report_failures(reports)


def add_comments(reports: Sequence[FileReport], files: FileOptions) -> int:
    comments = 0
    problems: list[FileReport] = []
    commented = (each for each in reversed(reports) if not each.path.endswith(JSON))
    found = {os.path.realpath(each.path): each for each in commented if each.findings}
    inside = writable((each.path for each in found.values()), files)
    for report in reversed(found.values()):
        if report.path in inside:
            try:
                comments += _add_to(report)
            except OSError as error:
                reason = f"cannot be written: {error.strerror or error}"
                problems.append(failure(report.path, reason))
            except (DecodeError, EncodeError) as error:
                problems.append(failure(report.path, f"cannot be written: {error}"))
    say(f"added # noqa for {comments} findings")
    return _report_failures((*reports, *problems))


def _add_to(report: FileReport) -> int:
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
