"""The HTML report: what it shows, and that a browser shows it and obeys keys."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser import needs_browser, title_in_browser
from tests.verify.verdicts import IDENTICAL, finding, hostile
from tests.verify.verify_command import QuickVerification
from torchdet.verify.aftermath import Aftermath, ParameterState, StepGrowth
from torchdet.verify.presentation import render_verdict
from torchdet.verify.presentation.advice import Advice
from torchdet.verify.value_difference import ValueDifference
from torchdet.verify.verdict import Recorded, Verdict

GAP = ValueDifference(3, 12, 1.2e-07, 2, ((5, "1.0", "1.0000001"),))
AFTERMATH = Aftermath(
    (StepGrowth(17, (0.5, 0.25), 1, 2, 1.2e-07), StepGrowth(18, None, 2, 2, 3e-06)),
    (
        ParameterState("encoder.layers.3.weight", GAP, None),
        ParameterState("decoder.weight", None, None),
    ),
)

# Clicks the button twice, and walks along the timeline; the title tells what came of it.
DRIVER = """
const seen = [button.textContent];
button.click();
seen.push(root.dataset.theme, getComputedStyle(document.body).backgroundColor);
button.click();
seen.push(root.dataset.theme, getComputedStyle(document.body).backgroundColor);
const steps = document.querySelectorAll(".timeline li");
steps[0].focus();
steps[0].dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
seen.push(document.activeElement.className);
seen.push([...document.querySelectorAll(".tree details")].map((each) => each.open).join(" "));
document.title = seen.join("|");
"""


def page() -> str:
    found = finding()
    verdict = Verdict(2, Recorded(10, 40, 1), first=found, aftermath=AFTERMATH)
    return render_verdict("html", verdict, {found: Advice("Do this.", "DET401")})


def test_the_page_shows_what_is_known() -> None:
    text = page()
    for shown in (
        "Steps 1 to 16", "Step 17", "Steps 18 to 40", "model.py:2", "Called from",
        "train.py:9 in &lt;module&gt;", "encoder.layers.3", "Do this.", "DET401", "1e-7",
        "3 of 12 elements differ", "1 of 2", "value differs in 3 of 12",
    ):  # fmt: skip
        assert shown in text, shown


def test_the_page_loads_nothing() -> None:
    text = page()
    assert "default-src 'none'" in text
    assert re.findall(r"(?:src|href|url|@import)\s*[=(]", text) == []


def test_identical_runs_have_a_page_of_their_own() -> None:
    text = render_verdict("html", IDENTICAL, {})
    assert "Identical: 2 runs" in text
    assert "The first difference" not in text


def test_hostile_names_stay_text() -> None:
    verdict, advice = hostile()
    state = ParameterState("<script>alert(1)</script>.weight", GAP, GAP)
    verdict = replace(verdict, aftermath=replace(AFTERMATH, parameters=(state,)))
    text = render_verdict("html", verdict, advice)
    assert "<script>alert" not in text
    assert text.count("<script>") == 1


@needs_browser
def test_a_browser_shows_the_page_and_obeys_keys(tmp_path: Path) -> None:
    seen = title_in_browser(page(), DRIVER, tmp_path).split("|")
    assert seen == ["Dark", "dark", "rgb(13, 17, 23)", "light", "rgb(255, 255, 255)", "differs",
                    "true true true false"]  # fmt: skip


PROGRAM = """\
import time
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    x = torch.ones(1, 2)
    if step == 3:
        x = x * (time.time_ns() % 1_000_003)
    optimizer.zero_grad()
    model(x).sum().backward()
    optimizer.step()
"""


def test_a_difference_is_followed_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "train.py").write_text(PROGRAM)
    verification = QuickVerification(tmp_path / "traces").verification("train.py")
    verdict = replace(verification, with_aftermath=True).verify()
    assert verdict.first is not None
    assert verdict.aftermath is not None
    assert [each.step for each in verdict.aftermath.steps] == [4, 5, 6]
    assert verdict.aftermath.steps[0].losses is not None
    names = [each.name for each in verdict.aftermath.parameters]
    assert names == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert not verdict.aftermath.parameters[0].is_equal
    assert verdict.first.detail is not None
    assert verdict.first.detail.difference is not None
    assert verdict.first.detail.difference.examples
