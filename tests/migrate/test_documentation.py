"""What answers for a rule's findings in a migration, and the page about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchdet.findings.base import Grounds, Rule
from torchdet.findings.codemod import Codemod
from torchdet.findings.codemod_documentation import codemods_page
from torchdet.findings.codemod_registry import all_answers, codemod_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "codemods.md"
ANSWERS = all_answers()


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    answers = {rule.info: answer for rule, answer in ANSWERS.items()}
    assert page == codemods_page(answers), "run `python docs/generate_codemods.py`"


def test_its_links_lead_somewhere() -> None:
    for rule in ANSWERS:
        assert f"[{rule.code}](rules/{rule.name}.md)" in PAGE.read_text(encoding="utf-8")
        assert (PAGE.parent / "rules" / f"{rule.name}.md").exists()


@pytest.mark.parametrize("rule", ANSWERS, ids=lambda rule: rule.code)
def test_each_rule_has_either_a_codemod_or_grounds_on_which_its_findings_stay(rule: Rule) -> None:
    assert (codemod_of(rule) is None) is (rule.stays is not None)


@pytest.mark.parametrize("rule", ANSWERS, ids=lambda rule: rule.code)
def test_an_answer_reads_as_one_line(rule: Rule) -> None:
    answer = ANSWERS[rule]
    if isinstance(answer, Codemod):
        first = answer.documentation.strip().partition("\n")[0]
        assert first.endswith((".", ","))
        assert 4 < len(first.split()) < 20
    else:
        assert isinstance(answer, Grounds)
        for text in (answer.reason, answer.advice):
            assert text
            assert "\n" not in text
            assert not text.endswith(".")
