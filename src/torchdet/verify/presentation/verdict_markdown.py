"""``markdown``: the verdict for a job's summary or a comment on a pull request."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping

from torchdet.report.characters import printable
from torchdet.report.options import RenderOptions
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.presentation.verdict_text import summary
from torchdet.verify.verdict import Finding, Verdict


def render(verdict: Verdict, advice: Mapping[Finding, Advice], options: RenderOptions) -> str:
    """A heading, the environment, and each difference with its line."""
    del options
    return "\n".join([*_lines(verdict, advice), ""])


def _lines(verdict: Verdict, advice: Mapping[Finding, Advice]) -> Iterator[str]:
    mark = "✅" if verdict.is_identical else "❌"
    yield f"### {mark} torchdet verify"
    yield ""
    yield _text(summary(verdict))
    for change in verdict.environment:
        yield f"- environment: {_text(str(change))}"
    if verdict.first is None and verdict.step is not None:
        yield f"- {_text(str(verdict.step))}"
    for finding in verdict.findings:
        yield ""
        yield from _finding(finding, advice.get(finding))


def _finding(finding: Finding, advice: Advice | None) -> Iterator[str]:
    divergence, at = finding.divergence, finding.location
    place = "" if at is None else f" at <code>{_text(shown_path(at.filename))}:{at.row}</code>"
    yield f"**{divergence.cause.value}**{place}: {_text(divergence.detail)}"
    yield ""
    line = "" if at is None else linecache.getline(at.filename, at.row).strip()
    if line:
        yield f"<pre>{_text(line)}</pre>"
        yield ""
    observed = divergence.observed
    yield (
        f"- {observed.site.phase.value} of step {observed.record.step}, process "
        f"{_text(divergence.place.process)}, <code>{_text(observed.site.operation)}</code>"
    )
    difference = None if finding.detail is None else finding.detail.difference
    if difference is not None:
        yield (
            f"- {difference.elements} of {difference.total} elements differ, "
            f"at most {difference.max_abs:.3g} apart"
        )
    if advice is not None:
        rule = f" ({_text(advice.rule)})" if advice.rule else ""
        yield f"- {_text(advice.text)}{rule}"


_MARKS = str.maketrans({each: f"&#{ord(each)};" for each in "&<>\\`*_[]|~#@!"})


def _text(value: str) -> str:
    """Any text as itself: neither HTML nor Markdown, mentions and links included."""
    return printable(value).translate(_MARKS)
