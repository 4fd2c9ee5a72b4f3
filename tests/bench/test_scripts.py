"""The parts of `bench/` that decide something: what is unpacked, what is drawn, what is counted."""

from __future__ import annotations

import stat
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bench.scripts import BENCH, script


def wheel(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_corpus_pins_every_package_by_hash() -> None:
    corpus = script("corpus").packages()
    assert {"timm", "accelerate", "transformers", "diffusers"} <= {p.name for p in corpus}
    for package in corpus:
        assert len(bytes.fromhex(package.sha256)) == 32
        assert f"-{package.version}-" in package.wheel


def test_unpack_takes_python_files_only(tmp_path: Path) -> None:
    archive = wheel(tmp_path / "a.whl", {"a/__init__.py": "x = 1\n", "a/data.bin": "no"})
    assert script("fetch_corpus").unpack(archive, tmp_path / "a-1") == 1
    assert (tmp_path / "a-1/a/__init__.py").read_text() == "x = 1\n"
    assert not (tmp_path / "a-1/a/data.bin").exists()


@pytest.mark.parametrize("name", ["../evil.py", "a/../../evil.py", "/evil.py"])
def test_unpack_refuses_members_outside_the_folder(tmp_path: Path, name: str) -> None:
    fetch_corpus = script("fetch_corpus")
    archive = wheel(tmp_path / "a.whl", {"a/good.py": "", name: ""})
    with pytest.raises(script("corpus").CorpusError, match="outside the folder"):
        fetch_corpus.unpack(archive, tmp_path / "src" / "a-1")
    assert not list(tmp_path.rglob("*.py"))


def test_unpack_refuses_links(tmp_path: Path) -> None:
    archive = tmp_path / "a.whl"
    with zipfile.ZipFile(archive, "w") as writer:
        link = zipfile.ZipInfo("a/link.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        writer.writestr(link, "/etc/hostname")
    with pytest.raises(script("corpus").CorpusError, match="is a link"):
        script("fetch_corpus").unpack(archive, tmp_path / "a-1")
    assert not (tmp_path / "a-1").exists()


def test_download_refuses_another_file_than_the_pinned_one(tmp_path: Path) -> None:
    package = script("corpus").packages()[0]
    (tmp_path / package.wheel).write_bytes(b"not the wheel")
    with pytest.raises(script("corpus").CorpusError, match=r"sha256 is .* expected"):
        script("fetch_corpus").download(package, tmp_path)


def findings(package: str, count: int) -> list[object]:
    finding = script("sample_findings").Finding
    return [
        finding("DET301", package, "m.py", row, 1, "", "certain", "", "") for row in range(count)
    ]


def test_sample_takes_a_few_from_every_rule_and_package() -> None:
    drawn = script("sample_findings").sample(findings("timm", 50) + findings("ignite", 2), 3, 1)
    assert [finding.package for finding in drawn] == ["ignite"] * 2 + ["timm"] * 3


def test_sample_depends_on_the_seed_and_on_nothing_else() -> None:
    sample = script("sample_findings").sample
    alone = sample(findings("timm", 50), 5, seed=1)
    beside = sample(findings("ignite", 9) + findings("timm", 50)[::-1], 5, seed=1)
    assert [finding for finding in beside if finding.package == "timm"] == alone
    assert sample(findings("timm", 50), 5, seed=2) != alone


def rows(*cells: str) -> str:
    return "\n".join(["| code | confidence | package | place | verdict | why |", *cells])


RIGHT = "| DET301 | certain | timm | a.py:1:2 | right |  |"
WRONG = "| DET301 | certain | timm | a.py:9:2 | wrong | a log message |"


def test_accuracy_counts_wrong_findings_and_whether_they_are_gone() -> None:
    accuracy = script("accuracy")
    verdicts = accuracy.read_verdicts(rows(RIGHT, WRONG))
    assert "| DET301 | certain | 2 | 1 | 50.0% |" in accuracy.table(verdicts, None)
    mended = {("DET301", "certain", "timm", "a.py:1:2")}
    assert accuracy.still_wrong(verdicts, mended) == []
    assert accuracy.lost(verdicts, mended) == []
    wrong = {("DET301", "certain", "timm", "a.py:9:2")}
    assert accuracy.still_wrong(verdicts, wrong) == verdicts[1:]
    assert accuracy.lost(verdicts, set()) == verdicts[:1]


def test_accuracy_counts_a_finding_that_became_likely_as_mended_and_as_kept() -> None:
    accuracy = script("accuracy")
    verdicts = accuracy.read_verdicts(rows(RIGHT, WRONG))
    found = {("DET301", "likely", "timm", "a.py:1:2"), ("DET301", "likely", "timm", "a.py:9:2")}
    assert accuracy.still_wrong(verdicts, found) == []
    assert accuracy.lost(verdicts, found) == []


def test_accuracy_counts_each_reading_for_itself() -> None:
    accuracy = script("accuracy")
    text = f"## First\n\n{rows(RIGHT, WRONG)}\n\n## Second\n\n{rows(RIGHT)}\n"
    first, second = accuracy.tables(accuracy.read_verdicts(text), None).split("\n\n## Second\n\n")
    assert first.startswith("## First\n")
    assert "| DET301 | certain | 2 | 1 | 50.0% |" in first
    assert "| DET301 | certain | 1 | 0 | 0.0% |" in second


@pytest.mark.parametrize("row", [RIGHT.replace("right", "perhaps"), "| DET301 | timm |"])
def test_accuracy_names_the_line_that_is_no_verdict(row: str) -> None:
    with pytest.raises(script("corpus").CorpusError, match=r"verdicts.md:3: expected"):
        script("accuracy").read_verdicts(rows(RIGHT, row))


def test_accuracy_counts_no_finding_twice() -> None:
    with pytest.raises(script("corpus").CorpusError, match="stands there twice"):
        script("accuracy").read_verdicts(rows(RIGHT, WRONG, RIGHT))


def test_recorded_verdicts_can_be_read() -> None:
    script("accuracy").read_verdicts((BENCH / "verdicts.md").read_text(encoding="utf-8"))


def test_measure_counts_children_and_refuses_failed_commands(tmp_path: Path) -> None:
    measure = script("measure")
    child = "bytearray(60_000_000); sum(range(10**6))"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    usage = measure.measure(
        measure.Command((sys.executable, "-c", parent), tmp_path), tmp_path / "output"
    )
    assert usage.peak > 60_000_000
    assert usage.cpu > 0
    failing = measure.Command((sys.executable, "-c", "raise SystemExit('no good')"), tmp_path)
    with pytest.raises(measure.MeasureError, match="no good"):
        measure.measure(failing, tmp_path / "output")
