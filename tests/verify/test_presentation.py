"""Each format of a verdict, with names that try to break out of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.report.test_github import parse
from tests.schemas import SARIF, validator
from tests.verify.verdicts import HOSTILE, IDENTICAL, STEP_ONLY, finding, hostile
from torchdet.findings.registry import all_rules
from torchdet.report.options import RenderOptions
from torchdet.verify.comparison.divergence import Cause, EnvironmentChange
from torchdet.verify.presentation import FORMATS, render_verdict
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.verdict import Recorded, Verdict

RULES = RenderOptions(rules=tuple(rule.info for rule in all_rules()))


def sarif(verdict: Verdict, advice: dict[Any, Advice]) -> dict[str, Any]:
    document = json.loads(render_verdict("sarif", verdict, advice, RULES))
    validator(SARIF).validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_github_annotates_the_line() -> None:
    found = finding()
    verdict = Verdict(2, Recorded(10, 3, 1), first=found)
    text = render_verdict("github", verdict, {found: Advice("Do this.", "DET401")})
    assert text == (
        "::error title=torchdet verify (operation%2C DET401),file=model.py,line=2::"
        "model.py:2: `aten.mm` gave other values for equal inputs. Do this.\n"
    )


def test_github_says_that_runs_are_identical() -> None:
    assert render_verdict("github", IDENTICAL, {}) == (
        "::notice title=torchdet verify (identical)::Identical: 2 runs gave the same bits "
        "(10 operations, 3 steps, 1 process)\n"
    )


def test_github_escapes_hostile_names() -> None:
    lines = render_verdict("github", *hostile()).splitlines()
    assert [parse(line)[0] for line in lines] == ["warning", "error", "error"]
    _, properties, _ = parse(lines[1])
    assert set(properties) == {"title", "file", "line"}
    assert properties["file"].startswith("a,b:c%\n::error::")


def test_markdown_says_what_a_person_needs() -> None:
    found = finding()
    verdict = Verdict(2, Recorded(10, 3, 1), first=found)
    text = render_verdict("markdown", verdict, {found: Advice("Do this.", "DET401")})
    for shown in (
        "❌ torchdet verify", "**operation** at <code>model.py:2</code>", "backward of step 17",
        "3 of 12 elements differ", "- Do this. (DET401)",
    ):  # fmt: skip
        assert shown in text, text
    assert "✅" in render_verdict("markdown", IDENTICAL, {})


def test_markdown_leaves_hostile_names_text() -> None:
    text = render_verdict("markdown", *hostile())
    assert "<script" not in text
    assert "\n::error" not in text


def test_a_job_gets_its_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text("import torch\nprint(torch.ones(2).sum())\n")
    (tmp_path / "summary.md").write_text("before\n")
    run = subprocess.run(
        [sys.executable, "-m", "torchdet", "verify", "--output-format", "github", "program.py"],
        check=True, capture_output=True, text=True,
        env={**os.environ, "GITHUB_STEP_SUMMARY": "summary.md"},
    )  # fmt: skip
    assert run.stdout.startswith("::notice title=torchdet verify (identical)::")
    assert (tmp_path / "summary.md").read_text().startswith("before\n### ✅ torchdet verify\n")


def test_sarif_names_the_rule_or_the_cause() -> None:
    run = sarif(*hostile())
    assert [result["ruleId"] for result in run["results"]] == ["DET401", "random"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["DET401", "random"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "environment"


def test_sarif_holds_line_stack_and_values() -> None:
    found = finding()
    run = sarif(Verdict(2, Recorded(10, 3, 1), first=found), {found: Advice("Do this.")})
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "model.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2}
    assert len(result["stacks"][0]["frames"]) == 2
    assert result["properties"]["difference"]["max_ulp"] == 2
    assert result["properties"]["module"] == "encoder.layers.3"


def test_sarif_of_a_step_and_of_identical_runs() -> None:
    assert [each["ruleId"] for each in sarif(STEP_ONLY, {})["results"]] == ["step"]
    assert sarif(IDENTICAL, {})["results"] == []
    change = EnvironmentChange("threads", "1", "2")
    elsewhere = Verdict(2, Recorded(0, 3, 1), (change,), STEP_ONLY.step)
    assert elsewhere.cause is Cause.ENVIRONMENT
    assert [each["ruleId"] for each in sarif(elsewhere, {})["results"]] == ["environment"]


@pytest.mark.parametrize("output_format", FORMATS)
def test_hostile_names_reach_no_terminal_as_they_are(output_format: str) -> None:
    text = render_verdict(output_format, *hostile(), RULES)
    text.encode()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert HOSTILE not in text
    assert not any(line.startswith("::error::") for line in text.splitlines())


@pytest.mark.parametrize("output_format", FORMATS)
def test_the_source_line_is_shown_only_where_it_can_be_read(
    output_format: str, tmp_path: Path
) -> None:
    gone = finding(str(tmp_path / "gone.py"))
    verdict = Verdict(2, Recorded(1, 0, 1), first=gone)
    assert "gone.py" in render_verdict(output_format, verdict, {})
