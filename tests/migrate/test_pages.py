"""Every codemod against its page: what comes out, what is refused, and that it settles."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import pytest

from tests.migrate.project import Migrated, migrate
from tests.pages import PAGES, MigrationCase, expected_refusals, migration_cases
from torchdet.config_file import parse_lint_config
from torchdet.findings.codemod import Codemod
from torchdet.findings.codemod_registry import all_answers
from torchdet.model.migration import Refusal

CASES = [case for page in PAGES for case in migration_cases(page)]
CODEMODS = {rule.name for rule, answer in all_answers().items() if isinstance(answer, Codemod)}


def run(case: MigrationCase, text: str) -> Migrated:
    lint = parse_lint_config(case.config, root=".")
    return migrate({case.path: text, **case.beside}, case.codes, lint, case.options)


def assert_refused(refusals: Sequence[Refusal], text: str) -> None:
    expected = sorted(expected_refusals(text), key=lambda refusal: (refusal.row, refusal.code))
    found = sorted(refusals, key=lambda refusal: (refusal.location.row, refusal.code))
    assert [(r.location.row, r.code) for r in found] == [(r.row, r.code) for r in expected], found
    for refusal, wanted in zip(found, expected, strict=True):
        assert wanted.words in refusal.reason
        assert refusal.advice


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: MigrationCase) -> None:
    migrated = run(case, case.source)
    assert migrated.texts[case.path] == case.after
    assert_refused(migrated.refusals[case.path], case.after)
    ast.parse(case.after)


@pytest.mark.parametrize("case", [c for c in CASES if c.migrated is not None], ids=str)
def test_a_second_run_changes_nothing(case: MigrationCase) -> None:
    again = run(case, case.after)
    assert again.texts[case.path] == case.after
    assert_refused(again.refusals[case.path], case.after)


@pytest.mark.parametrize("name", sorted(CODEMODS))
def test_page_has_cases_that_change_and_cases_that_do_not(name: str) -> None:
    cases = [case for case in CASES if case.rule_name == name]
    assert any(case.migrated is not None for case in cases)
    assert any(case.migrated is None for case in cases)


def test_only_rules_with_a_codemod_have_cases_of_migration() -> None:
    assert {case.rule_name for case in CASES} <= CODEMODS
