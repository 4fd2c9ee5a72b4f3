from __future__ import annotations

from tests.report.reports import finding, replacing, report_on, unparseable
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.model.fix import Applicability
from torchdet.report.summary import summary

SOURCE = "a.cuda()\nb.cuda()\nc.cuda()\n"
SAFE = replacing(SOURCE, ("a.cuda()", "a.to(device)"))
UNSAFE = replacing(SOURCE, ("b.cuda()", "b.to(device)"), applicability=Applicability.UNSAFE)
SHOWN = replacing(SOURCE, ("c.cuda()", "c.to(device)"), applicability=Applicability.DISPLAY)


def test_nothing_found() -> None:
    assert summary([FileReport("a.py")]) == "No findings in 1 file"
    assert summary([]) == "No findings in 0 files"


def test_counts_by_severity_and_files_with_findings() -> None:
    reports = [
        report_on(SOURCE, finding(SOURCE, "a"), finding(SOURCE, "b", severity=Severity.WARNING)),
        report_on(SOURCE, finding(SOURCE, "a"), finding(SOURCE, "c", severity=Severity.INFO)),
        FileReport("clean.py"),
    ]
    assert summary(reports) == "Found 2 errors, 1 warning, 1 info in 2 files"


def test_fixes_count_by_how_far_they_may_be_trusted() -> None:
    safe = report_on(SOURCE, finding(SOURCE, "a", fix=SAFE))
    unsafe = report_on(SOURCE, finding(SOURCE, "b", fix=UNSAFE), finding(SOURCE, "c", fix=SHOWN))
    assert summary([safe]) == "Found 1 error in 1 file; 1 fixable"
    assert summary([safe, unsafe]) == (
        "Found 3 errors in 2 files; 1 fixable, 1 more with unsafe fixes"
    )
    assert summary([unsafe]) == "Found 2 errors in 1 file; 1 fixable with unsafe fixes"


def test_files_that_could_not_be_checked_are_named_as_such() -> None:
    assert summary([unparseable()]) == "Found 1 error in 1 file; 1 file could not be checked"
