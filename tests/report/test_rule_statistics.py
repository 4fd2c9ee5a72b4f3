from __future__ import annotations

import json

from tests.report.reports import finding, replacing, report_on
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.report.rule_statistics import render_json, render_text

SOURCE = "a.cuda()\nb.cuda()\n"
FIX = replacing(SOURCE, ("a.cuda()", "a.to(device)"))


def reports(*codes: str) -> list[FileReport]:
    return [report_on(SOURCE, finding(SOURCE, "a", code=code)) for code in codes]


def test_most_frequent_first_then_by_code() -> None:
    text = render_text(reports("DET303", "DET302", "DET301", *["DET304"] * 10))
    assert text.splitlines() == [
        "10  DET304  accelerator-method",
        " 1  DET301  accelerator-method",
        " 1  DET302  accelerator-method",
        " 1  DET303  accelerator-method",
    ]


def test_marks_tell_how_many_have_a_safe_fix() -> None:
    fixed = report_on(SOURCE, finding(SOURCE, "a", fix=FIX))
    partly = report_on(SOURCE, finding(SOURCE, "a", fix=FIX, code="DET303"))
    text = render_text([fixed, partly, *reports("DET303", "DET304")])
    assert text.splitlines() == [
        "2  DET303  [-]  accelerator-method",
        "1  DET302  [*]  accelerator-method",
        "1  DET304  [ ]  accelerator-method",
    ]


def test_json_has_the_same_counts() -> None:
    fixed = report_on(SOURCE, finding(SOURCE, "a", fix=FIX))
    assert json.loads(render_json([fixed, *reports("DET302")])) == [
        {
            "code": "DET302",
            "name": "accelerator-method",
            "severity": "error",
            "count": 2,
            "fixable": 1,
        }
    ]


def test_of_several_severities_the_gravest_counts() -> None:
    severities = (Severity.INFO, Severity.WARNING, Severity.INFO)
    found = [finding(SOURCE, "a", severity=severity) for severity in severities]
    (counted,) = json.loads(render_json([report_on(SOURCE, *found)]))
    assert counted["severity"] == "warning"


def test_nothing_found() -> None:
    assert render_text([FileReport("a.py")]) == ""
    assert render_json([FileReport("a.py")]) == "[]\n"
