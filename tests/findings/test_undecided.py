"""A project that has chosen no policy is advised to write plain PyTorch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.findings.test_pages import CHECKING_RULES, cases_of
from torchdet.config_file import parse_lint_config
from torchdet.engine.check import check_bytes
from torchdet.engine.project_files import ProjectFiles
from torchdet.engine.settings import CheckSettings
from torchdet.findings.base import Rule
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Diagnostic, Severity

OURS = re.compile(r"\brt\.|\bruntime\b|get_torch_handle|torchdet\.|\bhandle\b")


def found_undecided(rule: Rule, source: str, path: str = "example.py") -> list[Diagnostic]:
    config = replace(parse_lint_config("", root="."), policy=Policy.UNDECIDED)
    settings = CheckSettings((rule,), config, path[:-3], project=ProjectFiles([""], {}.get))
    return list(check_bytes(path, source.encode(), settings).findings)


def found_on_page(rule: Rule) -> Iterator[Diagnostic]:
    for case in cases_of(rule):
        if "torchdet" not in case.source:  # such a file belongs to a project that has chosen
            yield from found_undecided(rule, case.source, case.path)


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: f"{rule.code}-{rule.name}")
def test_no_message_and_no_fix_speaks_of_the_runtime(rule: Rule) -> None:
    for diagnostic in found_on_page(rule):
        fixes = [edit.content for edit in diagnostic.fix.edits] if diagnostic.fix else []
        for text in (diagnostic.message, *fixes):
            assert OURS.search(text) is None, text


@pytest.mark.parametrize("rule", CHECKING_RULES, ids=lambda rule: f"{rule.code}-{rule.name}")
def test_how_torch_is_imported_is_no_more_than_worth_knowing(rule: Rule) -> None:
    severities = {diagnostic.severity for diagnostic in found_on_page(rule)}
    assert severities <= {Severity.INFO if rule.family == "handle" else rule.severity}


def rule_named(name: str) -> Rule:
    return next(rule for rule in CHECKING_RULES if rule.name == name)


SETTINGS = """\
import torch
from torch.backends import cudnn

cudnn.deterministic = True
cudnn.benchmark = False
torch.use_deterministic_algorithms(True)


def configure(args, benchmark=True):
    cudnn.deterministic = args.deterministic
    cudnn.benchmark = not args.deterministic
    cudnn.benchmark = benchmark
"""


def test_right_settings_and_those_of_an_option_are_fine() -> None:
    rule = rule_named("determinism-flag")
    assert found_undecided(rule, SETTINGS) == []
    weakening = SETTINGS.replace("cudnn.benchmark = False", "cudnn.benchmark = True")
    (found,) = found_undecided(rule, weakening)
    assert found.span.start.row == 5
    assert found.severity is rule.severity


UNDONE = """\
import torch
from torch.backends import cudnn


def seed(number):
    torch.manual_seed(number)
    cudnn.deterministic = True


def work():
    cudnn.benchmark = True
    return torch.nn.Conv2d(1, 1, 3)
"""


def test_a_right_setting_that_another_function_takes_the_point_from_is_found() -> None:
    found = found_undecided(rule_named("determinism-flag"), UNDONE)
    assert [each.span.start.row for each in found] == [7, 11]
    assert "`work` sets it" in found[0].message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deterministic = True", "deterministic = True; cudnn.benchmark = False"),
        ("deterministic = True", "deterministic = number is not None"),
        ("cudnn.benchmark = True", "cudnn.benchmark = False"),
        (
            "cudnn.benchmark = True",
            "if torch.backends.cudnn.enabled:\n        cudnn.benchmark = True",
        ),
    ],
)
def test_a_right_setting_stands_where_the_pair_was_thought_of(old: str, new: str) -> None:
    found = found_undecided(rule_named("determinism-flag"), UNDONE.replace(old, new))
    assert all("benchmark" in each.message and each.span.start.row > 7 for each in found)


def test_a_flag_that_the_program_switches_either_way_is_fine() -> None:
    source = (
        "import torch\n\n\ndef _run(deterministic):\n"
        "    torch.use_deterministic_algorithms(deterministic)\n\n\n_run(True)\n_run(False)\n"
    )
    rule = rule_named("determinism-flag")
    assert found_undecided(rule, source) == []
    (found,) = found_undecided(rule, source.replace("_run(True)\n", ""))
    assert found.span.start.row == 5


def test_the_device_is_asked_of_pytorch() -> None:
    (found,) = found_undecided(
        rule_named("hardcoded-device"), 'import torch\n\nx = torch.zeros(3, device="cuda")\n'
    )
    assert "`x.device`" in found.message
    assert "`torch.accelerator.current_accelerator()`" in found.message
