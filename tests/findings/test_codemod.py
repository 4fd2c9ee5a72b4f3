"""What the mechanism holds every codemod to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from torchdet.config_file import parse_lint_config
from torchdet.engine.run_rules import read_facts
from torchdet.engine.settings import CheckSettings
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse
from torchdet.findings.state.default_dtype.rule import RULE
from torchdet.model.config import MigrateConfig
from torchdet.model.source import SourceText

GROUNDS = Grounds("a reason", "an advice")


def context() -> MigrationContext:
    settings = CheckSettings((RULE,), parse_lint_config("", root="."), "a")
    facts = read_facts("a.py", SourceText.decode(b"import torch\n"), (RULE,), settings)
    return MigrationContext(facts, MigrateConfig(), "rt")


def refuse_all(findings: Sequence[Finding[int]], _: MigrationContext) -> Iterator[Outcome]:
    yield from (Refuse(finding, GROUNDS) for finding in findings)


def refuse_none(_: Sequence[Finding[int]], __: MigrationContext) -> Iterator[Outcome]:
    yield from ()


def test_a_subject_of_another_type_is_said_to_be_one() -> None:
    codemod = Codemod("family.rule.codemod", "", int, refuse_all)
    with pytest.raises(TypeError, match="asks for int, and its rule gives str"):
        codemod.answer([Finding(RULE, cst.Name("x"), "text")], context())


def test_a_finding_without_an_outcome_is_told() -> None:
    codemod = Codemod("family.rule.codemod", "", int, refuse_none)
    with pytest.raises(AssertionError, match="does not answer once for each"):
        codemod.answer([Finding(RULE, cst.Name("x"), 1)], context())


def test_each_finding_gets_its_outcome() -> None:
    findings = [Finding(RULE, cst.Name("x"), number) for number in range(2)]
    answered = Codemod("family.rule.codemod", "", int, refuse_all).answer(findings, context())
    assert [each.finding for each in answered] == findings
