"""Every codemod against its page: what comes out, what is refused, and that it settles."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import pytest

from tests.migrate.pages import PAGES, Case, all_cases, expected_refusals
from tests.migrate.project import Migrated, migrate
from torchdet.config_file import parse_lint_config
from torchdet.findings.codemod import Codemod
from torchdet.findings.codemod_registry import all_answers
from torchdet.model.migration import Refusal

CODEMODS = {rule.name for rule, answer in all_answers().items() if isinstance(answer, Codemod)}


def run(case: Case, text: str) -> Migrated:
    texts = {case.path: text, **dict(case.others)}
    lint = parse_lint_config(case.lint_config, root=".")
    return migrate(texts, case.codes, lint, case.config)


def assert_refused(refusals: Sequence[Refusal], text: str) -> None:
    expected = sorted(expected_refusals(text), key=lambda refusal: (refusal.row, refusal.code))
    found = sorted(refusals, key=lambda refusal: (refusal.location.row, refusal.code))
    assert [(r.location.row, r.code) for r in found] == [(r.row, r.code) for r in expected], found
    for refusal, wanted in zip(found, expected, strict=True):
        assert wanted.words in refusal.reason
        assert refusal.advice


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_case(case: Case) -> None:
    migrated = run(case, case.before)
    assert migrated.texts[case.path] == case.after
    assert_refused(migrated.refusals[case.path], case.after)
    ast.parse(case.after)


@pytest.mark.parametrize("case", [c for c in all_cases() if c.migrated is not None], ids=str)
def test_a_second_run_changes_nothing(case: Case) -> None:
    again = run(case, case.after)
    assert again.texts[case.path] == case.after
    assert_refused(again.refusals[case.path], case.after)


@pytest.mark.parametrize("name", sorted(CODEMODS))
def test_page_has_cases_that_change_and_cases_that_do_not(name: str) -> None:
    cases = [case for case in all_cases() if case.rule == name]
    assert any(case.migrated is not None for case in cases)
    assert any(case.migrated is None for case in cases)


def test_every_page_belongs_to_a_codemod() -> None:
    assert {
        page.parent.name.replace("_", "-") for page in PAGES.glob("*/*/migrated.md")
    } <= CODEMODS
