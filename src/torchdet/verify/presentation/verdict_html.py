"""``html``: the verdict as one self-contained page to look at."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping
from pathlib import Path

from torchdet.report.html_page import html_page, text
from torchdet.report.options import RenderOptions
from torchdet.verify.aftermath import Aftermath
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.presentation.growth_chart import growth_chart
from torchdet.verify.presentation.module_tree import module_tree
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.presentation.verdict_text import summary
from torchdet.verify.trace.records import Frame
from torchdet.verify.value_difference import ValueDifference
from torchdet.verify.verdict import Finding, Verdict

_CONTEXT = 4
_ROOM = Path(__file__).parent
_ASSETS = (_ROOM / "verdict_page.css", _ROOM / "verdict_page.js")


def render(verdict: Verdict, advice: Mapping[Finding, Advice], options: RenderOptions) -> str:
    """The page. It loads nothing."""
    del options
    body = "\n".join(_body(verdict, advice))
    return html_page("torchdet verify", summary(verdict), body, _ASSETS)


def _body(verdict: Verdict, advice: Mapping[Finding, Advice]) -> Iterator[str]:
    state = "equal" if verdict.is_identical else "differs"
    yield f'<p class="verdict {state}" role="status">{text(summary(verdict))}</p>'
    if verdict.environment:
        yield "<section><h2>The environment changed</h2><ul>"
        yield from (f"<li>{text(str(change))}</li>" for change in verdict.environment)
        yield "</ul></section>"
    yield from _timeline(verdict)
    if verdict.first is not None:
        yield _finding(verdict.first, advice.get(verdict.first), "The first difference")
    elif verdict.step is not None:
        yield f"<section><h2>The first difference</h2><p>{text(str(verdict.step))}</p></section>"
    if verdict.aftermath is not None:
        yield from _aftermath(verdict.aftermath)
    for finding in verdict.also:
        yield _finding(finding, advice.get(finding), "Another difference")


def _timeline(verdict: Verdict) -> Iterator[str]:
    """The steps, as few cells as fit: equal ones in one, the one that differs, those after it."""
    steps = verdict.recorded.steps
    if not steps:
        return
    step = None if verdict.step is None else verdict.step.step
    if step is None and verdict.first is not None:
        step = verdict.first.divergence.observed.record.step
    cells = [("equal", 1, steps)] if step is None else [
        ("equal", 1, step - 1), ("differs", step, step), ("after", step + 1, steps),
    ]  # fmt: skip
    words = {"equal": "equal", "differs": "the first that differs", "after": "after it"}
    yield '<section><h2>Steps</h2><ol class="timeline">'
    for state, first, last in cells:
        if first <= last:
            name = f"Step {first}" if first == last else f"Steps {first} to {last}"
            grow = max(1, last - first + 1) ** 0.5
            yield (
                f'<li class="{state}" style="flex-grow:{grow:.2f}" tabindex="0">{name}'
                f"<br><small>{words[state]}</small></li>"
            )
    yield "</ol></section>"


def _finding(finding: Finding, advice: Advice | None, title: str) -> str:
    divergence = finding.divergence
    observed, at = divergence.observed, finding.location
    place = divergence.place
    rows = [
        ("Cause", divergence.cause.value),
        ("Operation", f"{observed.site.operation}, number {observed.sequence}"),
        ("When", f"{observed.site.phase.value} of step {observed.record.step}"),
        ("Process", place.process if place.rank is None else f"{place.process}, rank {place.rank}"),
    ]
    detail = finding.detail
    if detail is not None and detail.module:
        rows.append(("Module", detail.module))
    parts = [f"<section><h2>{title}</h2><p class=detail>{text(divergence.detail)}</p>"]
    if at is not None:
        parts.append(f"<h3>{text(shown_path(at.filename))}:{at.row}</h3>{_source(at)}")
    parts.append("<table><tbody>")
    parts += [f"<tr><th scope=row>{name}</th><td>{text(value)}</td></tr>" for name, value in rows]
    parts.append("</tbody></table>")
    if detail is not None and detail.difference is not None:
        parts.append(_values(detail.difference))
    if len(finding.stack) > 1:
        parts.append("<details open><summary>Called from</summary><ol>")
        parts += [f"<li>{_frame(frame)}</li>" for frame in finding.stack[1:]]
        parts.append("</ol></details>")
    if advice is not None:
        rule = "" if advice.rule is None else f" <code>{text(advice.rule)}</code>"
        parts.append(f"<h3>What to do</h3><p class=advice>{text(advice.text)}{rule}</p>")
    return "\n".join([*parts, "</section>"])


def _source(at: Frame) -> str:
    if not linecache.getline(at.filename, at.row):
        return ""
    lines = []
    for row in range(max(1, at.row - _CONTEXT), at.row + _CONTEXT + 1):
        line = linecache.getline(at.filename, row)
        if line:
            mark = ' class="here"' if row == at.row else ""
            lines.append(f"<span{mark}><b>{row}</b> {text(line.rstrip())}</span>")
    return f'<pre class="source" tabindex="0">{"".join(lines)}</pre>'


def _frame(frame: Frame) -> str:
    return f"{text(shown_path(frame.filename))}:{frame.row} in {text(frame.function)}"


def _values(found: ValueDifference) -> str:
    ulp = "" if found.max_ulp is None else f", {found.max_ulp} units in the last place"
    head = (
        f"<h3>Both values</h3><p>{found.elements} of {found.total} elements differ, at most "
        f"{found.max_abs:.3g} apart{ulp}.</p>"
    )
    rows = "".join(
        f"<tr><td>{place}</td><td>{text(one)}</td><td>{text(other)}</td></tr>"
        for place, one, other in found.examples
    )
    if not rows:
        return head
    names = "".join(f"<th scope=col>{name}</th>" for name in ("Element", "First run", "Second run"))
    return f"{head}<table class=values><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"


def _aftermath(found: Aftermath) -> Iterator[str]:
    yield "<section><h2>How it grows</h2>"
    yield growth_chart(found.steps)
    yield "<table class=values><thead><tr>"
    yield "".join(
        f"<th scope=col>{name}</th>"
        for name in ("Step", "Loss, first run", "Loss, second run", "Parameters that differ",
                     "Largest gap")
    )  # fmt: skip
    yield "</tr></thead><tbody>"
    for each in found.steps:
        losses = ("", "") if each.losses is None else tuple(map(repr, each.losses))
        cells = (
            str(each.step), *losses, f"{each.differing_parameters} of {each.parameters}",
            f"{each.max_abs:.3g}",
        )  # fmt: skip
        yield "<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></section>"
    if found.parameters:
        yield f"<section><h2>Modules after step {found.steps[0].step}</h2>"
        yield module_tree(found.parameters)
        yield "</section>"
