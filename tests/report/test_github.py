from __future__ import annotations

import re

from hypothesis import given, settings

from tests.report.reports import REPORTS, finding, report_on
from torchdet.model.diagnostic import Confidence, FileReport, Severity
from torchdet.report import render

SOURCE = "model = Net()\nmodel.cuda(\n)\n"


def parse(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner reads it: https://github.com/actions/runner ActionCommand.cs."""
    match = re.fullmatch(r"::(?P<name>\w+) (?P<listed>.*?)::(?P<data>.*)", line)
    assert match is not None, line
    pairs = (each.partition("=") for each in match["listed"].split(","))
    return (
        match["name"],
        {name: unescape(value) for name, _, value in pairs},
        unescape(match["data"]),
    )


def unescape(text: str) -> str:
    for escape, character in (("0D", "\r"), ("0A", "\n"), ("3A", ":"), ("2C", ","), ("25", "%")):
        text = text.replace(f"%{escape}", character)
    return text


def test_command_of_a_finding() -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda"))
    assert render("github", [report]) == (
        "::error title=torchdet DET302 (accelerator-method),file=train.py,line=2,endLine=2,"
        "col=7,endColumn=11::train.py:2:7: DET302 `.cuda()` runs on one kind of device only\n"
    )


def test_a_likely_finding_says_so_in_its_title() -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda", confidence=Confidence.LIKELY))
    _, properties, _ = parse(render("github", [report]).rstrip("\n"))
    assert properties["title"] == "torchdet DET302 (accelerator-method, likely)"


def test_columns_are_left_out_where_a_finding_spans_lines() -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda(\n)"))
    _, properties, _ = parse(render("github", [report]).rstrip("\n"))
    assert (properties["line"], properties["endLine"]) == ("2", "3")
    assert "col" not in properties
    assert "endColumn" not in properties


def test_separators_are_escaped() -> None:
    diagnostic = finding(SOURCE, "cuda", message="100%, or: half", severity=Severity.INFO)
    report = report_on(SOURCE, diagnostic, path="a,b:c%.py")
    line = render("github", [report]).rstrip("\n")
    assert "file=a%2Cb%3Ac%25.py," in line
    name, properties, message = parse(line)
    assert name == "notice"
    assert properties["file"] == "a,b:c%.py"
    assert message == "a,b:c%.py:2:7: DET302 100%, or: half"


@settings(deadline=None)
@given(REPORTS)
def test_every_finding_is_a_command_on_one_line(reports: list[FileReport]) -> None:
    lines = render("github", reports).splitlines()
    found = [diagnostic for report in reports for diagnostic in report.diagnostics]
    assert len(lines) == len(found)
    for line, diagnostic in zip(lines, found, strict=True):
        _, properties, _ = parse(line)
        assert properties["line"] == str(diagnostic.span.start.row)
        assert set(properties) <= {"title", "file", "line", "endLine", "col", "endColumn"}
