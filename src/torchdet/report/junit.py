"""``junit``: XML that continuous integration shows as test results.

There is no standard; this keeps to what the Jenkins plug-in, GitLab and Azure read: a suite for
each file with findings, in it a failed test case for each finding, and an error for a file that
could not be checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from torchdet.model.diagnostic import Diagnostic, FileReport
from torchdet.report.characters import COMMAND, printable, xml_text
from torchdet.report.options import RenderOptions
from torchdet.report.wording import place_and_row


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """An XML document. A run without findings is one suite with one passed test case."""
    del options
    found = [report for report in reports if report.diagnostics]
    root = ET.Element("testsuites", {"name": "torchdet"} | _totals(found))
    for report in found:
        suite = ET.SubElement(root, "testsuite", {"name": _text(report.path)} | _totals([report]))
        for diagnostic in report.diagnostics:
            suite.append(_test_case(report, diagnostic))
    if not found:
        passed = {"tests": "1", "failures": "0", "errors": "0"}
        root.attrib |= passed
        suite = ET.SubElement(root, "testsuite", {"name": "torchdet"} | passed)
        ET.SubElement(suite, "testcase", name="No findings", classname="torchdet")
    ET.indent(root)
    body = COMMAND.sub("&#35;", ET.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _totals(reports: Sequence[FileReport]) -> dict[str, str]:
    errors = sum(len(report.failures) for report in reports)
    tests = sum(len(report.diagnostics) for report in reports)
    return {"tests": str(tests), "failures": str(tests - errors), "errors": str(errors)}


def _test_case(report: FileReport, diagnostic: Diagnostic) -> ET.Element:
    start = diagnostic.span.start
    case = ET.Element(
        "testcase",
        name=f"{diagnostic.code} {diagnostic.name}",
        classname=_text(report.path),
        file=_text(report.path),
        line=str(report.row(start.row)),
        column=str(start.column),
    )
    outcome = ET.SubElement(
        case,
        "error" if diagnostic.failure else "failure",
        type=diagnostic.severity.value,
        message=_text(diagnostic.message),
    )
    outcome.text = _text(
        f"{place_and_row(report, diagnostic)}:{start.column}: "
        f"{diagnostic.code} {diagnostic.message}"
    )
    return case


def _text(text: str) -> str:
    return xml_text(printable(text))
