"""What all formats have in common."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings

from tests.report.reports import REPORTS, checked
from torchdet.model.diagnostic import FileReport
from torchdet.report import FORMATS, TEXT_FORMATS, render
from torchdet.report.options import RenderOptions


@settings(deadline=None)
@given(REPORTS)
def test_any_report_renders_to_utf8_that_ends_its_last_line(reports: list[FileReport]) -> None:
    for output_format in FORMATS:
        text = render(output_format, reports)
        text.encode("utf-8")
        assert not text or text.endswith("\n"), output_format


@settings(deadline=None)
@given(REPORTS)
def test_nothing_steers_the_terminal(reports: list[FileReport]) -> None:
    for output_format in (*TEXT_FORMATS, "github"):
        text = render(output_format, reports)
        for character in "\x1b\r\x00\x07\x85\u202e\u2066\u2028":
            assert character not in text, output_format


@settings(deadline=None)
@given(REPORTS)
def test_json_formats_are_ascii(reports: list[FileReport]) -> None:
    for output_format in ("json", "jsonl", "sarif", "gitlab"):
        assert render(output_format, reports).isascii(), output_format


@pytest.mark.parametrize("output_format", FORMATS)
def test_colour_is_only_for_people(output_format: str) -> None:
    reports = [checked("import torch\n\ntorch.set_default_dtype(torch.float64)\n")]
    plain = render(output_format, reports)
    coloured = render(output_format, reports, RenderOptions(colour=True))
    assert "\x1b[" not in plain
    assert ("\x1b[" in coloured) == (output_format in TEXT_FORMATS)


def test_rendering_imports_neither_libcst_nor_click() -> None:
    program = (
        "import sys\n"
        "from torchdet.model.diagnostic import FileReport\n"
        "from torchdet.report import FORMATS, render\n"
        "from torchdet.report.options import RenderOptions\n"
        "for name in FORMATS: render(name, [FileReport('a.py')], RenderOptions(colour=True))\n"
        "print(*sorted({'libcst', 'click', 'torchdet.findings'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_unknown_format_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("yaml", [])
