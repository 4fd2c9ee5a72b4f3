from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given, settings

from tests.report.reports import REPORTS, finding, report_on, unparseable
from torchdet.model.diagnostic import FileReport
from torchdet.report import render

SOURCE = "model = Net()\nmodel.cuda()\n"


def parse(*reports: FileReport) -> ET.Element:
    return ET.fromstring(render("junit", reports).encode("utf-8"))


def test_a_finding_is_a_failed_test_case_of_its_file() -> None:
    root = parse(report_on(SOURCE, finding(SOURCE, "cuda")), FileReport("clean.py"))
    (suite,) = root
    (case,) = suite
    (failure,) = case
    assert suite.attrib == {"name": "train.py", "tests": "1", "failures": "1", "errors": "0"}
    assert case.attrib == {
        "name": "DET302 accelerator-method",
        "classname": "train.py",
        "file": "train.py",
        "line": "2",
        "column": "7",
    }
    assert failure.tag == "failure"
    assert failure.get("type") == "error"
    assert failure.get("message") == "`.cuda()` runs on one kind of device only"
    assert (failure.text or "").startswith("train.py:2:7: DET302 ")


def test_a_file_that_could_not_be_checked_is_an_error() -> None:
    root = parse(unparseable())
    assert (root.get("failures"), root.get("errors")) == ("0", "1")
    assert root.find("testsuite/testcase/error") is not None


def test_a_clean_run_is_a_passed_test_case() -> None:
    root = parse(FileReport("a.py"), FileReport("b.py"))
    assert root.attrib == {"name": "torchdet", "tests": "1", "failures": "0", "errors": "0"}
    (case,) = root.iter("testcase")
    assert len(case) == 0


def test_characters_that_xml_cannot_hold_are_escaped() -> None:
    root = parse(report_on(SOURCE, finding(SOURCE, "cuda", message="\x00\ufffe\udcff <&>")))
    (failure,) = root.iter("failure")
    assert failure.get("message") == "\\x00\\ufffe\\xff <&>"


@settings(deadline=None)
@given(REPORTS)
def test_totals_agree_whatever_the_text(reports: list[FileReport]) -> None:
    root = parse(*reports)
    for element in (root, *root.iter("testsuite")):
        cases = list(element.iter("testcase"))
        assert int(element.get("tests", "-1")) == len(cases)
        assert int(element.get("failures", "-1")) == len(list(element.iter("failure")))
        assert int(element.get("errors", "-1")) == len(list(element.iter("error")))
