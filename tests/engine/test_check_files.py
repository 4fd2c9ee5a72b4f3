"""Many files, over processes: order, processes that die, files that vanish."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from torchdet.engine import check_files, file_tasks, machine, pool
from torchdet.engine.discover import SourceFile
from torchdet.model.config import LintConfig

CONFIG = LintConfig(select=("DET202",))
BAD = "import torch\ntorch.set_default_dtype(torch.float64)\n"


def files_in(folder: Path, count: int, *, text: str = BAD) -> list[SourceFile]:
    files = []
    for number in range(count):
        path = folder / f"m{number:03}.py"
        path.write_text(text)
        files.append(SourceFile(str(path), path.stem, CONFIG))
    return files


def test_reports_come_in_the_order_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(file_tasks, "_CHUNK_BYTES", 200)
    files = files_in(tmp_path, 30)
    reports = check_files.check_files(files, jobs=2, cache_folder=None)
    assert [report.path for report in reports] == [file.path for file in files]
    assert all(len(report.diagnostics) == 1 for report in reports)


def test_a_process_that_dies_costs_only_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(file_tasks, "_CHUNK_BYTES", 200)
    files = files_in(tmp_path, 12)
    check_file = check_files.check_file

    def dies_on_one(file: SourceFile, cache: object = None) -> object:
        if file.path.endswith("m005.py"):
            os._exit(139)
        return check_file(file, None)

    monkeypatch.setattr(check_files, "check_file", dies_on_one)
    reports = check_files.check_files(files, jobs=2, cache_folder=None)
    failed = [report for report in reports if report.failed]
    assert [Path(report.path).name for report in failed] == ["m005.py"]
    assert "died" in failed[0].diagnostics[0].message
    assert sum(len(report.diagnostics) for report in reports) == 12


def test_a_process_that_has_grown_is_replaced_and_no_file_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(file_tasks, "_CHUNK_BYTES", 200)
    check_file = check_files.check_file
    seen = tmp_path / "seen"
    seen.mkdir()

    def notes_its_process(file: SourceFile, cache: object = None) -> object:
        (seen / f"{os.getpid()}-{Path(file.path).stem}").touch()
        return check_file(file, None)

    monkeypatch.setattr(check_files, "check_file", notes_its_process)
    files = files_in(tmp_path, 9)
    monkeypatch.setattr(machine, "_GROWN", 0)
    reports = check_files.check_files(files, jobs=2, cache_folder=None)
    assert [report.path for report in reports] == [file.path for file in files]
    assert not any(report.failed for report in reports)
    processes = [path.name.partition("-")[0] for path in seen.iterdir()]
    assert len(processes) == len(set(processes)) == 9
    assert str(os.getpid()) not in processes


def test_very_large_files_are_done_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(file_tasks, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(file_tasks, "_VERY_LARGE", 1000)
    check_file = check_files.check_file
    busy = tmp_path / "busy"

    def fails_beside_another(file: SourceFile, cache: object = None) -> object:
        if not Path(file.path).stem.startswith("m00"):
            return check_file(file, None)
        busy.mkdir()  # which raises where it is there already
        time.sleep(0.02)
        busy.rmdir()
        return check_file(file, None)

    monkeypatch.setattr(check_files, "check_file", fails_beside_another)
    files = files_in(tmp_path, 10, text=BAD + "#" * 1000)
    small = tmp_path / "small"
    small.mkdir()
    files += files_in(small, 10)
    files = [*files[:10], *(replace(file, path=str(_renamed(file))) for file in files[10:])]
    reports = check_files.check_files(files, jobs=3, cache_folder=None)
    assert [report.failed for report in reports] == [False] * 20


def _renamed(file: SourceFile) -> Path:
    path = Path(file.path)
    return path.rename(path.with_name(f"small-{path.name}"))


def test_a_file_that_vanishes_is_a_failure(tmp_path: Path) -> None:
    files = files_in(tmp_path, 3)
    Path(files[1].path).unlink()
    reports = check_files.check_files(files, jobs=1, cache_folder=None)
    assert [report.failed for report in reports] == [False, True, False]
    assert "No such file" in reports[1].diagnostics[0].message


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    named = [str(pipe), "/dev/zero", str(tmp_path)]
    files = [SourceFile(path, "a", CONFIG) for path in named]
    reports = check_files.check_files(files, jobs=1, cache_folder=None)
    assert [report.failed for report in reports] == [True, True, True]
    assert "not a regular file" in reports[0].diagnostics[0].message
    assert "not a regular file" in reports[1].diagnostics[0].message


def test_progress_counts_every_file_once(tmp_path: Path) -> None:
    files = [
        *files_in(tmp_path, 5),
        SourceFile(str(tmp_path / "clean.py"), "clean", CONFIG),
    ]
    (tmp_path / "clean.py").write_text("x = 1\n")
    ticks: list[int] = []
    check_files.check_files(files, jobs=1, cache_folder=None, progress=ticks.append)
    assert sum(ticks) == 6
