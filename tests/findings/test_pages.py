"""Every rule against its test page and its documentation."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from tests.pages import PAGES, CheckCase, Expected, check_cases
from tests.rows import check_rows
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


def cases_of(rule: Rule) -> list[CheckCase]:
    return [case for page in PAGES if name_of(page) == rule.name for case in check_cases(page)]


def name_of(page: Path) -> str:
    return page.parent.name.replace("_", "-")


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: f"{rule.code}-{rule.name}")
def test_cases(rule: Rule) -> None:
    check_rows(cases_of(rule), expect_findings)


def expect_findings(case: CheckCase) -> None:
    report = check(RULES[case.rule_name], case.source, case.path, case.config, case.beside)
    assert found(report) == [(each.row, each.code) for each in case.expected]
    in_order = sorted(
        report.diagnostics,
        key=lambda each: (each.span.start.row, each.code, each.span.start.column),
    )
    for diagnostic, expected in zip(in_order, case.expected, strict=True):
        assert expected.column in {0, diagnostic.span.start.column}, f"row {expected.row}"
        assert expected.words in diagnostic.message


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: f"{rule.code}-{rule.name}")
def test_fixed_texts_are_as_documented_parse_and_are_stable(rule: Rule) -> None:
    check_rows(cases_of(rule), expect_fixes)


def expect_fixes(case: CheckCase) -> None:
    rule = RULES[case.rule_name]
    report = check(rule, case.source, case.path, case.config, case.beside)
    fixes = [d.fix for d in report.diagnostics if d.fix is not None]
    text = apply_fixes(case.source, fixes).text
    assert (case.fixed if case.fixed is not None else case.source) == text
    if case.path.endswith(".py"):
        ast.parse(text)
    again = check(rule, text, case.path, case.config, case.beside)
    left = [d.fix for d in again.diagnostics if d.fix is not None]
    assert apply_fixes(text, left).text == text


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: rule.code)
def test_page_has_cases_that_fire_and_near_misses(rule: Rule) -> None:
    cases = cases_of(rule)
    assert any(case.expected for case in cases)
    assert any(not case.expected for case in cases)


def test_every_page_belongs_to_a_rule() -> None:
    assert {name_of(page) for page in PAGES} <= set(RULES)


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
    return re.findall(
        rf"^{label}:\n\n```(?:python|yaml)\n(.*?)^```$", rule.documentation, re.M | re.S
    )


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: rule.code)
def test_bad_example_fires_and_good_example_is_silent(rule: Rule) -> None:
    config = "".join(re.findall(r"^```toml\n(.*?)^```$", rule.documentation, re.M | re.S)[:1])
    bad, good = examples(rule, "Bad"), examples(rule, "Good")
    assert bad
    assert good
    for example, fires in [*((each, True) for each in bad), *((each, False) for each in good)]:
        named = re.match(r"# (\S+\.py)\n", example)
        plain = "example.yaml" if "```yaml" in rule.documentation else "example.py"
        path = plain if named is None else named[1]
        assert bool(found(check(rule, example, path, config))) is fires, example


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: rule.code)
def test_triggers_stand_in_every_file_that_fires(rule: Rule) -> None:
    for case in cases_of(rule):
        if case.expected:
            assert any(trigger in case.source.encode() for trigger in rule.triggers), str(case)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# DET301", [Expected(1, "DET301")]),
        ("# DET301 DET302", [Expected(1, "DET301"), Expected(1, "DET302")]),
        ("# DET301:9", [Expected(1, "DET301", 9)]),
        ('# noqa # DET301 "is a device"', [Expected(1, "DET301", 0, "is a device")]),
        (
            '# DET301:40 "b" DET301:9 "a"',
            [Expected(1, "DET301", 9, "a"), Expected(1, "DET301", 40, "b")],
        ),
        ("# DET301 is not found here", []),
    ],
)
def test_comments_announce_findings(comment: str, expected: list[Expected]) -> None:
    assert CheckCase("r", "h", 1, f"x = 1  {comment}\n", "a.py").expected == expected


@pytest.mark.parametrize(
    ("mark", "fault"),
    [("DET303:2", "row 1"), ('DET303 "of the moon"', "of the moon"), ("DET304", "DET304")],
)
def test_a_wrong_announcement_fails(mark: str, fault: str) -> None:
    source = f"torch.cuda.synchronize()  # {mark}\n"
    case = CheckCase("cuda-api", "h", 1, f"import torch; {source}", "a.py")
    with pytest.raises(AssertionError, match=fault):
        expect_findings(case)
