from __future__ import annotations

import json

from hypothesis import given, settings

from tests.report.reports import REPORTS, finding, replacing, report_on
from torchdet.model.diagnostic import FileReport
from torchdet.model.fix import Applicability
from torchdet.report import render

SOURCE = "model = Net()\nmodel.cuda()\n"


def test_an_object_has_the_shape_that_users_of_ruff_know() -> None:
    fix = replacing(SOURCE, (".cuda()", ".to(device)"), applicability=Applicability.UNSAFE)
    assert json.loads(render("json", [report_on(SOURCE, finding(SOURCE, "cuda", fix=fix))])) == [
        {
            "code": "DET302",
            "name": "accelerator-method",
            "severity": "error",
            "confidence": "certain",
            "message": "`.cuda()` runs on one kind of device only",
            "filename": "train.py",
            "cell": None,
            "location": {"row": 2, "column": 7},
            "end_location": {"row": 2, "column": 11},
            "fix": {
                "applicability": "unsafe",
                "message": "Use the device of the model",
                "edits": [
                    {
                        "content": ".to(device)",
                        "cell": None,
                        "location": {"row": 2, "column": 6},
                        "end_location": {"row": 2, "column": 13},
                    }
                ],
            },
            "noqa_row": 2,
            "url": "https://torchdet.readthedocs.io/en/latest/rules/accelerator-method/",
        }
    ]


def test_without_findings_it_is_an_empty_array() -> None:
    assert render("json", [FileReport("a.py")]) == "[]\n"


def test_no_fix_is_null() -> None:
    (found,) = json.loads(render("json", [report_on(SOURCE, finding(SOURCE, "cuda"))]))
    assert found["fix"] is None


@settings(deadline=None)
@given(REPORTS)
def test_json_lines_hold_the_same_objects(reports: list[FileReport]) -> None:
    array = json.loads(render("json", reports))
    lines = [json.loads(line) for line in render("jsonl", reports).split("\n")[:-1]]
    assert lines == array
    assert len(array) == sum(len(report.diagnostics) for report in reports)


@settings(deadline=None)
@given(REPORTS)
def test_strings_can_be_written_as_utf8_once_decoded(reports: list[FileReport]) -> None:
    json.dumps(json.loads(render("json", reports)), ensure_ascii=False).encode("utf-8")
