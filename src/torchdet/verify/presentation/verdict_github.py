"""``github``: an annotation for each difference and each change of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torchdet.model.diagnostic import Severity
from torchdet.report.github import workflow_command
from torchdet.report.options import RenderOptions
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.presentation.shown_path import shown_path
from torchdet.verify.presentation.verdict_text import summary
from torchdet.verify.verdict import Finding, Verdict


def render(verdict: Verdict, advice: Mapping[Finding, Advice], options: RenderOptions) -> str:
    """One command a line."""
    del options
    return "".join(f"{command}\n" for command in _commands(verdict, advice))


def _commands(verdict: Verdict, advice: Mapping[Finding, Advice]) -> Iterator[str]:
    for change in verdict.environment:
        yield workflow_command(Severity.WARNING, _title("environment"), str(change))
    for finding in verdict.findings:
        yield _finding(finding, advice.get(finding))
    if verdict.first is None and verdict.step is not None:
        name = "step" if verdict.cause is None else verdict.cause.value
        yield workflow_command(Severity.ERROR, _title(name), str(verdict.step))
    if verdict.is_identical:
        yield workflow_command(Severity.INFO, _title("identical"), summary(verdict))


def _finding(finding: Finding, advice: Advice | None) -> str:
    divergence, at = finding.divergence, finding.location
    message = divergence.detail if advice is None else f"{divergence.detail}. {advice.text}"
    rule = "" if advice is None or advice.rule is None else f", {advice.rule}"
    properties = _title(f"{divergence.cause.value}{rule}")
    if at is not None:
        path = shown_path(at.filename)
        properties |= {"file": path, "line": str(at.row)}
        message = f"{path}:{at.row}: {message}"
    return workflow_command(Severity.ERROR, properties, message)


def _title(name: str) -> dict[str, str]:
    return {"title": f"torchdet verify ({name})"}
