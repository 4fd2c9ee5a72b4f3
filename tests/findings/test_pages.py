"""Every rule against its test page and its documentation."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest

from tests.findings.pages import PAGES, Case, all_cases, read_page
from torchdet.config_file import parse_lint_config
from torchdet.edit.apply import apply_fixes
from torchdet.engine.check import check_bytes
from torchdet.engine.project_files import ProjectFiles
from torchdet.engine.settings import CheckSettings
from torchdet.findings.base import Rule
from torchdet.findings.registry import all_rules
from torchdet.model.diagnostic import FileReport

RULES = {rule.name: rule for rule in all_rules()}
CHECKING_RULES = [rule for rule in all_rules() if rule.family != "run"]


def check(
    rule: Rule,
    source: str,
    path: str = "example.py",
    config: str = "",
    beside: Mapping[str, str] | None = None,
) -> FileReport:
    """The report of ``rule`` on a file of a project that holds the files ``beside`` it as well."""
    files = {name: text.encode() for name, text in (beside or {}).items()}
    folders = [str(PurePosixPath(path).parent), ""]
    settings = CheckSettings(
        (rule,),
        parse_lint_config(config, root="."),
        path[:-3].replace("/", ".").removesuffix(".__init__"),
        project=ProjectFiles(folders, files.get),
    )
    return check_bytes(path, source.encode(), settings)


def found(report: FileReport) -> list[tuple[int, str]]:
    return sorted((d.span.start.row, d.code) for d in report.diagnostics)


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_case(case: Case) -> None:
    rule = RULES[case.rule_name]
    report = check(rule, case.source, case.path, case.config, case.beside)
    assert found(report) == case.expected


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_fixed_text_is_as_documented_parses_and_is_stable(case: Case) -> None:
    rule = RULES[case.rule_name]
    report = check(rule, case.source, case.path, case.config, case.beside)
    fixes = [d.fix for d in report.diagnostics if d.fix is not None]
    text = apply_fixes(case.source, fixes).text
    assert (case.fixed if case.fixed is not None else case.source) == text
    ast.parse(text)
    again = check(rule, text, case.path, case.config, case.beside)
    left = [d.fix for d in again.diagnostics if d.fix is not None]
    assert apply_fixes(text, left).text == text


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: rule.code)
def test_page_has_cases_that_fire_and_near_misses(rule: Rule) -> None:
    cases = read_page(PAGES / rule.family / rule.name.replace("-", "_") / "cases.md")
    assert any(case.expected for case in cases)
    assert any(not case.expected for case in cases)


def test_every_page_belongs_to_a_rule() -> None:
    assert {page.parent.name.replace("_", "-") for page in PAGES.glob("*/*/cases.md")} <= set(RULES)


def test_codes_and_names_are_unique_and_well_formed() -> None:
    rules = all_rules()
    assert max(Counter(rule.name for rule in rules).values()) == 1
    assert max(Counter(rule.code for rule in rules).values()) == 1
    for rule in rules:
        assert re.fullmatch(r"DET\d{3}", rule.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)


SECTIONS = ["What it does", "Why is this bad?", "Example", "Fix safety"]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_documentation_has_every_section(rule: Rule) -> None:
    assert re.findall(r"^## (.+)$", rule.documentation, re.MULTILINE) == SECTIONS
    assert len(rule.summary) <= 100


def examples(rule: Rule, label: str) -> list[str]:
    return re.findall(rf"^{label}:\n\n```python\n(.*?)^```$", rule.documentation, re.M | re.S)


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: rule.code)
def test_bad_example_fires_and_good_example_is_silent(rule: Rule) -> None:
    config = "".join(re.findall(r"^```toml\n(.*?)^```$", rule.documentation, re.M | re.S)[:1])
    bad, good = examples(rule, "Bad"), examples(rule, "Good")
    assert bad
    assert good
    for example in bad:
        assert found(check(rule, example, config=config)), example
    for example in good:
        assert not found(check(rule, example, config=config)), example


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: rule.code)
def test_triggers_stand_in_every_file_that_fires(rule: Rule) -> None:
    for case in read_page(PAGES / rule.family / rule.name.replace("-", "_") / "cases.md"):
        if case.expected:
            assert any(trigger in case.source.encode() for trigger in rule.triggers), str(case)
