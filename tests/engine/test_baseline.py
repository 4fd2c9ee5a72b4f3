"""Baselines: accepted findings stay accepted while their code moves, and no others are."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchdet.config_file import parse_lint_config
from torchdet.engine.baseline import Baseline, BaselineError, read_baseline
from torchdet.engine.check import check_bytes, failure
from torchdet.engine.settings import settings_for
from torchdet.model.diagnostic import FileReport

SOURCE = """\
import torch


def fit():
    torch.set_default_dtype(torch.float64)


def test():
    torch.set_default_dtype(torch.float64)
"""


def report_on(source: str, path: str = "train.py") -> FileReport:
    config = parse_lint_config("select = ['DET202']", root=".")
    return check_bytes(path, source.encode(), settings_for(path, "train", config))


def everything(_file: str) -> bool:
    """As if every file of the baseline were there."""
    return True


def left_over(baseline: Baseline, source: str) -> int:
    [report], _ = baseline.filter([report_on(source)], everything)
    return len(report.diagnostics)


def test_everything_accepted_is_left_out() -> None:
    baseline = Baseline.of([report_on(SOURCE)], ".")
    [report], stale = baseline.filter([report_on(SOURCE)], everything)
    assert (report.diagnostics, report.suppressed, stale) == ((), 2, 0)


@given(st.lists(st.sampled_from(["\n", "x = 1\n", "# a comment\n"]), max_size=20))
def test_moved_lines_stay_accepted(above: list[str]) -> None:
    baseline = Baseline.of([report_on(SOURCE)], ".")
    assert left_over(baseline, "".join(above) + SOURCE) == 0


def test_reindented_code_stays_accepted_in_its_function() -> None:
    baseline = Baseline.of([report_on(SOURCE)], ".")
    moved = SOURCE.replace("def fit():\n    torch", "def fit():\n    if True:\n        torch")
    assert left_over(baseline, moved) == 0


def test_a_new_finding_is_reported() -> None:
    baseline = Baseline.of([report_on(SOURCE)], ".")
    assert left_over(baseline, SOURCE + "torch.set_default_dtype(torch.float64)\n") == 1
    assert left_over(baseline, SOURCE.replace("torch.float64)\n\n", "torch.float16)\n\n")) == 1


def test_as_many_equal_findings_as_were_accepted() -> None:
    twice = SOURCE + "\n\n" + SOURCE.partition("\n\n\n")[2].replace("test", "fit")
    assert len(report_on(twice).diagnostics) == 4
    assert left_over(Baseline.of([report_on(SOURCE)], "."), twice) == 2


def test_entries_that_no_longer_occur_are_counted() -> None:
    baseline = Baseline.of([report_on(SOURCE)], ".")
    assert baseline.filter([report_on("import torch\n")], everything)[1] == 2
    assert baseline.filter([], lambda _: False)[1] == 2


def test_nothing_is_known_of_files_that_were_not_checked() -> None:
    baseline = Baseline.of([report_on(SOURCE), report_on(SOURCE, "other.py")], ".")
    assert baseline.filter([report_on(SOURCE)], everything)[1] == 0
    broken = failure("train.py", "not valid Python")
    assert baseline.filter([broken], everything)[1] == 0


def test_a_failure_is_never_accepted() -> None:
    broken = failure("train.py", "not valid Python")
    [report], _ = Baseline.of([broken], ".").filter([broken], everything)
    assert report == broken


def test_the_file_is_read_back_as_written(tmp_path: Path) -> None:
    baseline = Baseline.of([report_on(SOURCE, str(tmp_path / "kit" / "train.py"))], str(tmp_path))
    path = tmp_path / "baseline.json"
    path.write_text(baseline.to_json())
    assert read_baseline(path) == baseline
    assert {entry.file for entry in baseline.counts} == {"kit/train.py"}
    path.write_text(replace(baseline, counts=type(baseline.counts)()).to_json())
    assert read_baseline(path).counts.total() == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "findings": {}}', '{"version": 1, "findings": [1]}']
)
def test_a_damaged_file_is_an_error_that_names_the_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(BaselineError, match=r"baseline\.json: .*--write-baseline"):
        read_baseline(path)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
def test_what_is_no_file_of_ordinary_size_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    for name, reason in {
        "folder": "a folder",
        "pipe": "not a regular file",
        "zeros": "not a regular file",
        "huge": "larger than 64 MiB",
    }.items():
        with pytest.raises(BaselineError, match=rf"{name}: cannot be read: {reason}"):
            read_baseline(tmp_path / name)


def test_nesting_without_end_is_no_baseline(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text("[" * 200_000)
    with pytest.raises(BaselineError, match="not a torchdet baseline"):
        read_baseline(path)
