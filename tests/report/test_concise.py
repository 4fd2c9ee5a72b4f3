from __future__ import annotations

from hypothesis import given, settings

from tests.report.reports import REPORTS, checked, finding, replacing, report_on
from torchdet.model.diagnostic import Confidence, FileReport
from torchdet.model.fix import Applicability
from torchdet.report import render
from torchdet.report.options import RenderOptions

SOURCE = "model = Net()\nmodel.cuda()\n"
QUIET = RenderOptions(summary=False)


def test_line_of_a_finding() -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda"))
    assert render("concise", [report], QUIET) == (
        "train.py:2:7: DET302 `.cuda()` runs on one kind of device only\n"
    )


def test_a_likely_finding_says_so_at_its_end() -> None:
    report = report_on(SOURCE, finding(SOURCE, "cuda", confidence=Confidence.LIKELY))
    assert render("concise", [report], QUIET).endswith(" one kind of device only (likely)\n")


def test_only_a_safe_fix_is_marked() -> None:
    for applicability in Applicability:
        fix = replacing(SOURCE, (".cuda()", ".to(device)"), applicability=applicability)
        text = render("concise", [report_on(SOURCE, finding(SOURCE, "cuda", fix=fix))], QUIET)
        assert (" DET302 [*] `" in text) == (applicability is Applicability.SAFE)


def test_the_summary_comes_last() -> None:
    report = checked("import torch\n\ntorch.set_default_dtype(torch.float64)\n")
    assert render("concise", [report]).splitlines()[1] == "Found 1 warning in 1 file"


@settings(deadline=None)
@given(REPORTS)
def test_each_finding_is_one_line(reports: list[FileReport]) -> None:
    lines = render("concise", reports, QUIET).splitlines()
    assert len(lines) == sum(len(report.diagnostics) for report in reports)
