from __future__ import annotations

from tests.report.reports import finding, replacing, report_on, unparseable
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import FileReport, Severity
from torchdet.model.fix import Applicability
from torchdet.report.options import RenderOptions
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
    assert summary(reports).splitlines()[0] == ("Found 2 errors, 1 warning, 1 info in 2 files")


def test_fixes_count_by_how_far_they_may_be_trusted() -> None:
    safe = report_on(SOURCE, finding(SOURCE, "a", fix=SAFE))
    unsafe = report_on(SOURCE, finding(SOURCE, "b", fix=UNSAFE), finding(SOURCE, "c", fix=SHOWN))
    assert summary([safe]).splitlines()[-1] == "1 can be fixed now: torchdet fix"
    assert summary([unsafe]).splitlines()[-1] == "1 with torchdet fix --unsafe-fixes"
    assert summary([safe, unsafe]).splitlines()[-1] == (
        "1 can be fixed now: torchdet fix    1 more with torchdet fix --unsafe-fixes"
    )


def test_what_findings_come_to_is_told_worst_first() -> None:
    reports = [
        report_on(SOURCE, finding(SOURCE, "a", code="DET301"), path="tests/a.py"),
        report_on(
            SOURCE,
            finding(SOURCE, "b", code="DET301", severity=Severity.WARNING),
            finding(SOURCE, "a", code="DET401", message="`max_unpool2d` raises; use another"),
            path="b.py",
        ),
    ]
    options = RenderOptions(
        consequences={"DET301": Consequence.TIED, "DET401": Consequence.STOPS},
        tests=frozenset({"tests/a.py"}),
        raw_imports=12,
    )
    assert summary(reports, options).splitlines()[1:] == [
        "Stops in deterministic mode   1  b.py:1 `max_unpool2d` raises",
        "Tied to one accelerator       2  b.py:2 `.cuda()` runs on one kind of device only "
        "(1 more: --select DET301; 1 in tests)",
        "Raw imports of torch         12  no policy chosen yet: torchdet init; --policy handle "
        "lists them, torchdet fix --migrate moves them",
        "all at once: torchdet fix --migrate",
    ]


def test_imports_alone_are_no_findings() -> None:
    lines = summary([FileReport("a.py")], RenderOptions(raw_imports=1)).splitlines()
    assert lines[0] == "No findings in 1 file beside imports of torch"
    assert lines[1].startswith("Raw imports of torch  1  ")


def test_files_that_could_not_be_checked_are_named_as_such() -> None:
    assert summary([unparseable()]) == "Found 1 error in 1 file; 1 file could not be checked"
