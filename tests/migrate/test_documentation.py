"""The page about the codemods."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchdet.findings.codemod import Codemod
from torchdet.findings.codemod_documentation import codemods_page
from torchdet.findings.codemod_registry import all_codemods, codemods_by_code
from torchdet.findings.registry import all_rules

PAGE = Path(__file__).parent.parent.parent / "docs" / "codemods.md"
RULES = {rule.code: rule.info for rule in all_rules()}


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == codemods_page(all_codemods(), RULES), "run `python docs/generate_codemods.py`"


def test_its_links_lead_somewhere() -> None:
    for code in codemods_by_code(facade=False):
        assert f"[{code}](rules/{RULES[code].name}.md)" in PAGE.read_text(encoding="utf-8")
        assert (PAGE.parent / "rules" / f"{RULES[code].name}.md").exists()


@pytest.mark.parametrize("codemod", all_codemods(), ids=lambda codemod: codemod.name)
def test_a_codemod_says_in_its_first_line_what_it_does(codemod: Codemod) -> None:
    first = codemod.documentation.strip().partition("\n")[0]
    assert first.endswith((".", ","))
    assert 4 < len(first.split()) < 20


def test_every_rule_about_imports_state_and_devices_has_a_codemod() -> None:
    answered = codemods_by_code(facade=False)
    wanted = {
        *("DET101", "DET102", "DET103"),
        *("DET201", "DET202", "DET203", "DET204", "DET205", "DET206"),
        *("DET301", "DET302", "DET303", "DET304", "DET305", "DET307", "DET309"),
    }
    assert wanted <= answered.keys()
