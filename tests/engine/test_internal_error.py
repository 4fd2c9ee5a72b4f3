"""A rule or a codemod that fails is reported as such, and costs nothing but its own findings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.checking import check
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.base import Draft, ReferenceCheck, Rule
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.reading.context import Context, Reference

SOURCE = b"import torch\n\ntorch.seed()\ntorch.seed()\n"


def fails_at_first(reference: Reference, context: Context) -> Iterator[Draft]:
    if reference.node is context.facts.index.uses["torch"][0].node:
        raise KeyError(reference.name)
    yield Draft(reference.node, "found")


def recurses(reference: Reference, context: Context) -> Iterator[Draft]:
    yield from recurses(reference, context)


def finds(reference: Reference, context: Context) -> Iterator[Draft]:
    yield Draft(reference.node, "found")


def rule(code: str, function: ReferenceCheck) -> Rule:
    return Rule(
        code=code,
        module="torchdet.findings.state.example.rule",
        documentation="An example.",
        severity=Severity.WARNING,
        triggers=(b"torch",),
        names={"torch.seed": function},
    )


def checked(*rules: Rule) -> FileReport:
    return check_bytes("example.py", SOURCE, CheckSettings(rules, LintConfig()))


def test_a_rule_that_raises_keeps_its_code_and_its_place() -> None:
    report = checked(rule("DET998", fails_at_first))
    [failure] = report.failures
    assert (failure.code, failure.severity, failure.span.start[:2]) == (
        "DET998",
        Severity.ERROR,
        (3, 1),
    )
    expected = r"KeyError: 'torch\.seed' \(test_internal_error\.py:\d+\); please report it"
    assert re.search(expected, failure.message)


def test_what_the_rule_and_others_find_elsewhere_stands() -> None:
    report = checked(rule("DET998", fails_at_first), rule("DET999", finds))
    assert report.failed
    assert [(each.code, each.span.start.row) for each in report.findings] == [
        ("DET999", 3),
        ("DET998", 4),
        ("DET999", 4),
    ]


def test_endless_recursion_of_a_rule_is_no_property_of_the_file() -> None:
    report = checked(rule("DET998", recurses), rule("DET999", finds))
    [failure] = report.failures
    assert failure.code == "DET998"
    assert "internal error: RecursionError" in failure.message
    assert "nested" not in failure.message
    assert len(report.findings) == 2


def test_a_sound_file_is_not_failed() -> None:
    assert not check("import torch\ntorch.set_default_dtype(torch.float64)\n").failed


SABOTAGED = """
import sys
from types import MappingProxyType
from torchdet.__main__ import main
from torchdet.findings.codemod_registry import codemod_of
from torchdet.findings.registry import all_rules

def fails(*_):
    raise KeyError("sabotage")
    yield

kind, code, *arguments = sys.argv[1:]
[rule] = [each for each in all_rules() if each.code == code]
if kind == "rule":
    for table in ("names", "attributes", "nodes"):
        checks = dict.fromkeys(getattr(rule, table), fails)
        object.__setattr__(rule, table, MappingProxyType(checks))
else:
    object.__setattr__(codemod_of(rule), "rewrite", fails)
sys.argv[1:] = arguments
sys.exit(main())
"""

PROGRAM = """\
import torch

torch.set_default_dtype(torch.float64)
torch.cuda.synchronize()
"""


def sabotaged(kind: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of the command line in which the rule or the codemod for ``code`` raises."""
    return subprocess.run(
        [sys.executable, "-c", SABOTAGED, kind, code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(PROGRAM)
    return tmp_path


def test_lint_reports_the_fault_beside_the_findings(program: Path) -> None:
    arguments = ("lint", "--isolated", "--no-cache", "--output-format", "json", str(program))
    done = sabotaged("rule", "DET202", *arguments)
    assert done.returncode == 2, done.stderr
    found = {each["code"]: each["message"] for each in json.loads(done.stdout)}
    assert "internal error: KeyError: 'sabotage'" in found["DET202"]
    assert "internal error" not in found["DET303"]


def test_fix_makes_the_fixes_of_the_other_rules(program: Path) -> None:
    arguments = ("fix", "--isolated", "--no-cache", "--allow-dirty", str(program))
    done = sabotaged("rule", "DET202", *arguments)
    assert done.returncode == 2
    assert "DET202" in done.stderr
    assert "torch.accelerator.synchronize()" in (program / "train.py").read_text()


@pytest.mark.parametrize("kind", ["rule", "codemod"])
def test_a_migration_makes_the_changes_of_the_others(program: Path, kind: str) -> None:
    account = program / "account.json"
    arguments = ("--isolated", "--no-cache", "--allow-dirty", "--report", str(account))
    done = sabotaged(kind, "DET202", "fix", "--migrate", *arguments, str(program))
    assert done.returncode == 2
    migrated = (program / "train.py").read_text()
    assert "torch = rt.torch" in migrated
    assert "torch.cuda.synchronize" not in migrated
    [file] = json.loads(account.read_text())["files"]
    [failure] = file["failures"]
    assert (failure["code"], failure["location"]["row"] > 2) == ("DET202", True)
    refused = [each["code"] for each in file["refusals"]]
    assert refused == (["DET202"] if kind == "codemod" else [])
