from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from tests.report.reports import checked, finding, replacing, report_on, span_of, unparseable
from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport
from torchdet.model.fix import Applicability, Fix
from torchdet.report import render
from torchdet.report.options import RenderOptions

HEADING = "error DET302 [accelerator-method] `.cuda()` runs on one kind of device only"
QUIET = RenderOptions(summary=False)
SOURCE = "import os\n\ndef train(model):\n    model.cuda()\n    run(model)\n"


def full(*reports: FileReport) -> list[str]:
    return render("full", reports, QUIET).splitlines()


def body(text: str, needle: str, fix: Fix | None = None) -> list[str]:
    """The lines below the heading of a finding at ``needle``."""
    return full(report_on(text, finding(text, needle, fix=fix)))[1:]


def test_a_finding_with_a_fix() -> None:
    fix = replacing(SOURCE, ("cuda()", "to(device)"))
    assert full(report_on(SOURCE, finding(SOURCE, "cuda", fix=fix))) == [
        f"train.py:4:11: {HEADING}",
        "  |",
        "3 | def train(model):",
        "4 |     model.cuda()",
        "  |           ^^^^",
        "5 |     run(model)",
        "  |",
        "  = fix: Use the device of the model",
        "4 -     model.cuda()",
        "4 +     model.to(device)",
    ]


def test_a_likely_finding_has_a_note() -> None:
    fix = replacing(SOURCE, ("cuda()", "to(device)"))
    likely = finding(SOURCE, "cuda", fix=fix, confidence=Confidence.LIKELY)
    assert full(report_on(SOURCE, likely))[6:8] == [
        "  |",
        "  = note: likely, not certain",
    ]
    assert "note:" not in "".join(body(SOURCE, "cuda", fix=fix))


@pytest.mark.parametrize(
    ("applicability", "title"),
    [
        (Applicability.SAFE, "fix"),
        (Applicability.UNSAFE, "unsafe fix"),
        (Applicability.DISPLAY, "suggestion"),
    ],
)
def test_fix_names_its_applicability(applicability: Applicability, title: str) -> None:
    fix = replacing(SOURCE, ("cuda()", "to(device)"), applicability=applicability)
    assert f"  = {title}: Use the device of the model" in body(SOURCE, "cuda", fix=fix)


def test_findings_are_set_apart_and_counted() -> None:
    report = checked("import torch\ntorch.set_default_dtype(1)\ntorch.set_default_dtype(2)\n")
    one, other = (replace(each, message=f"dtype {n}") for n, each in enumerate(report.findings))
    text = render("full", [replace(report, diagnostics=(one, other))])
    first, second, summary = text.split("\n\n")
    assert first.startswith("train.py:2:1: warning DET202 [default-dtype] ")
    assert second.startswith("train.py:3:1: warning DET202 [default-dtype] ")
    assert summary.startswith("Found 2 warnings in 1 file\n")


def test_what_is_found_at_many_places_is_shown_once() -> None:
    report = checked("import torch\n" + "torch.set_default_dtype(1)\n" * 3)
    shown = full(report)
    assert shown[0].startswith("train.py:2:1: warning DET202 [default-dtype] ")
    assert shown[-1] == "  = note: also on lines 3 and 4"
    assert sum("DET202" in line for line in shown) == 1
    assert "\nFound 3 warnings in 1 file\n" in render("full", [report])


def test_many_places_are_counted() -> None:
    report = checked("import torch\n" + "torch.set_default_dtype(1)\n" * 30)
    assert full(report)[-1] == "  = note: also on lines 3, 4, 5, 6, 7, 8, 9, 10 and 21 more places"


def test_other_words_or_another_confidence_are_another_finding() -> None:
    sure = finding(SOURCE, "cuda")
    likely = finding(SOURCE, "model.cuda()", confidence=Confidence.LIKELY)
    assert sum("DET302" in line for line in full(report_on(SOURCE, sure, likely))) == 2


def test_a_file_that_cannot_be_parsed_shows_the_place() -> None:
    assert full(unparseable()) == [
        "broken.py:1:7: error DET901 [unparseable-file] not valid Python: a reason",
        "  |",
        "1 | print(",
        "  |       ^",
        "  |",
    ]


def test_a_finding_without_source_is_its_heading() -> None:
    diagnostic = finding(SOURCE, "cuda")
    assert full(FileReport("gone.py", (diagnostic,))) == [f"gone.py:4:11: {HEADING}"]


def test_tabs_and_wide_characters_keep_the_underline_in_place() -> None:
    text = "if x:\n\t名前 = '日本語'; m.cuda()\n"
    assert body(text, "cuda") == [
        "  |",
        "1 | if x:",
        "2 |     名前 = '日本語'; m.cuda()",
        "  |                        ^^^^",
        "  |",
    ]


def test_an_empty_span_has_one_mark() -> None:
    assert body("x = 1\n", "")[2] == "  | ^"


def test_a_span_of_whole_rows_has_a_lane() -> None:
    text = "a = 1\nrun(\n    model,\n)\nb = 2\n"
    assert body(text, "run(\n    model,\n)") == [
        "  |",
        "1 |   a = 1",
        "2 | / run(",
        "3 | |     model,",
        "4 | | )",
        "  | |_^",
        "5 |   b = 2",
        "  |",
    ]


def test_a_span_that_starts_inside_a_row_has_an_arm() -> None:
    text = "a = run(\n    model,\n) or b\n"
    assert body(text, "run(\n    model,\n)") == [
        "  |",
        "1 |   a = run(",
        "  |  _____^",
        "2 | |     model,",
        "3 | | ) or b",
        "  | |_^",
        "  |",
    ]


def test_a_span_that_ends_with_a_newline_does_not_reach_into_the_next_row() -> None:
    assert body("a = 1\nb = 2\n", "a = 1\n")[2] == "  | ^^^^^"


def test_the_middle_of_a_long_span_is_left_out() -> None:
    text = "run(\n" + "    model,\n" * 10 + ")\n"
    lines = body(text, text.rstrip())
    assert lines[1:6] == [
        " 1 | / run(",
        " 2 | |     model,",
        " 3 | |     model,",
        " 4 | |     model,",
        "...",
    ]
    assert lines[6:] == ["11 | |     model,", "12 | | )", "   | |_^", "   |"]


def test_rows_that_the_report_lacks_are_left_out() -> None:
    text = "run(\n" + "    model,\n" * 40 + ")\n"
    report = report_on(text, finding(text, text.rstrip()))
    lines = full(FileReport(report.path, report.diagnostics, report.lines[:15]))
    assert lines[2:6] == ["1 | / run(", "2 | |     model,", "3 | |     model,", "4 | |     model,"]
    assert lines[6:] == ["...", "  |"]


def test_very_long_lines_are_cut_around_the_span_and_the_change() -> None:
    text = f"x = '{'a' * 500}', model.cuda(), '{'b' * 500}'\n"
    lines = body(text, "cuda", fix=replacing(text, ("cuda()", "to(device)")))
    assert all(len(line) < 180 for line in lines)
    source, marks = lines[1], lines[2]
    assert source[marks.index("^") : marks.rindex("^") + 1] == "cuda"
    assert "…" in source
    removed, added = lines[-2:]
    assert "model.cuda()" in removed
    assert "model.to(device)" in added


def test_a_span_wider_than_the_line_limit_ends_at_the_edge() -> None:
    text = f"x = '{'a' * 500}'\n"
    assert set(body(text, text.rstrip())[2]) <= set(" |^")
    assert all(len(line) < 180 for line in body(text, text.rstrip()))


def test_blank_rows_at_the_edges_are_left_out() -> None:
    text = "import os\n\n\nmodel.cuda()\n\n\nrun()\n"
    assert body(text, "cuda") == ["  |", "4 | model.cuda()", "  |       ^^^^", "  |"]


def test_an_insertion_far_away_shows_its_row() -> None:
    text = "import os\n" + "\n" * 97 + "model.cuda()\n"
    fix = replacing(text, ("os\n", "os\nimport rt\n"), ("cuda()", "to(rt)"))
    assert body(text, "cuda", fix=fix)[-4:] == [
        "    = fix: Use the device of the model",
        "  2 + import rt",
        " 99 - model.cuda()",
        "100 + model.to(rt)",
    ]


def test_a_long_fix_is_cut() -> None:
    added = "\n".join(f"line{n}" for n in range(100))
    lines = body(SOURCE, "cuda", fix=replacing(SOURCE, ("model.cuda()", added)))
    assert lines[-1] == "..."
    assert len(lines) < 30


def test_an_edit_of_unknown_rows_shows_no_diff() -> None:
    fix = replacing(SOURCE, ("import os", "import os, rt"))
    report = report_on(SOURCE, finding(SOURCE, "cuda", fix=fix))
    lines = full(FileReport(report.path, report.diagnostics, report.lines[2:]))
    assert lines[-2:] == ["  = fix: Use the device of the model", "..."]


def test_colour_changes_nothing_but_colour() -> None:
    fix = replacing(SOURCE, ("cuda()", "to(device)"))
    report = report_on(SOURCE, finding(SOURCE, "cuda", fix=fix))
    coloured = render("full", [report], RenderOptions(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render("full", [report])
    assert "\x1b[1;31merror DET302\x1b[0m" in coloured


@given(
    st.text(st.characters(categories=("L", "Nd", "Zs"), max_codepoint=0xFFFF), max_size=60),
    st.text("\t ab中", max_size=10),
    st.text("cud中", min_size=1, max_size=10),
)
@settings(deadline=None)
def test_the_underline_stands_below_the_span(before: str, indent: str, needle: str) -> None:
    text = f"{indent}{before}<{needle}>{before}\n"
    place = span_of(text, f"<{needle}>")
    found = Diagnostic("DET302", "accelerator-method", finding(text, "<").severity, "", place, 1)
    _, _, source, marks, *_ = full(report_on(text, found))
    start = wcswidth(source[: source.index(f"<{needle}>")])
    assert len(marks) - len(marks.lstrip(" |")) == start
    assert marks.count("^") == wcswidth(f"<{needle}>")
