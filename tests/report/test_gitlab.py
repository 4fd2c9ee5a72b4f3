from __future__ import annotations

import json

from hypothesis import given, settings

from tests.report.reports import REPORTS, checked
from torchdet.model.diagnostic import FileReport
from torchdet.report import render

SOURCE = """\
import torch


def train():
    torch.set_default_dtype(torch.float64)
    torch.set_default_dtype(torch.float64)


torch.set_default_dtype(torch.float64)
"""


def fingerprints(*reports: FileReport) -> list[str]:
    return [issue["fingerprint"] for issue in json.loads(render("gitlab", reports))]


def test_issue_of_a_finding() -> None:
    source = "import torch\n\ntorch.set_default_dtype(torch.float64)\n"
    (issue,) = json.loads(render("gitlab", [checked(source, "./src/train.py")]))
    assert issue.pop("fingerprint")
    assert issue.pop("description").startswith("DET202: `torch.set_default_dtype` ")
    assert issue == {
        "check_name": "default-dtype",
        "severity": "minor",
        "location": {
            "path": "src/train.py",
            "positions": {"begin": {"line": 3, "column": 1}, "end": {"line": 3, "column": 24}},
        },
    }


def test_fingerprints_are_unique_even_for_equal_lines() -> None:
    found = fingerprints(checked(SOURCE, "a.py"), checked(SOURCE, "b.py"))
    assert len(found) == len(set(found)) == 6


def test_fingerprints_survive_moved_and_indented_lines() -> None:
    moved = '"""A docstring."""\n\n' + SOURCE.replace("    torch", "\ttorch")
    assert fingerprints(checked(moved)) == fingerprints(checked(SOURCE))


def test_another_line_has_another_fingerprint() -> None:
    changed = SOURCE.replace("float64)\n\n\ntorch", "float16)\n\n\ntorch")
    before, after = fingerprints(checked(SOURCE)), fingerprints(checked(changed))
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


@settings(deadline=None)
@given(REPORTS)
def test_any_report_is_json(reports: list[FileReport]) -> None:
    issues = json.loads(render("gitlab", reports))
    assert len(issues) == sum(len(report.diagnostics) for report in reports)
