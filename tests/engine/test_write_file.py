"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from torchdet.engine.write_file import (
    ChangedMeanwhileError,
    remove_leftovers_beside,
    replace_file,
    write_file,
)


def test_content_changes_and_mode_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o751)
    replace_file(str(path), b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert os.listdir(tmp_path) == ["a.py"]


def test_the_target_of_a_link_is_written(tmp_path: Path) -> None:
    target = tmp_path / "real.py"
    target.write_bytes(b"old")
    link = tmp_path / "link.py"
    link.symlink_to("real.py")
    replace_file(str(link), b"old", b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"somebody else's")
    with pytest.raises(ChangedMeanwhileError, match=r"a\.py"):
        replace_file(str(path), b"old", b"new")
    assert path.read_bytes() == b"somebody else's"


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(path), b"old", b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.py"]


def test_a_new_file_gets_the_mode_of_the_users_mask(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_file(str(path), b"{}")
    (tmp_path / "usual.json").write_bytes(b"{}")
    assert path.stat().st_mode == (tmp_path / "usual.json").stat().st_mode


def test_a_file_marked_as_read_only_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        replace_file(str(path), b"old", b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_that_takes_no_files_is_left_alone() -> None:
    with tempfile.TemporaryDirectory() as folder:  # not below a folder that is root's alone
        path = Path(folder, "a.py")
        path.write_bytes(b"old")
        path.chmod(0o666)
        Path(folder).chmod(0o555)
        with as_somebody(), pytest.raises(PermissionError):
            replace_file(str(path), b"old", b"new")
        assert path.read_bytes() == b"old"
        assert os.listdir(folder) == ["a.py"]


@contextmanager
def as_somebody() -> Iterator[None]:
    """Without the rights of root, which no permission stops."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")
def test_a_device_or_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(str(pipe), b"text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_writing_through_a_link_keeps_it_and_the_mode(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to("report.json")
    write_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


KILLED = """
import os, signal, sys
os.fsync = lambda _descriptor: os.kill(os.getpid(), signal.SIGKILL)
from torchdet.engine.write_file import replace_file
replace_file(sys.argv[1], b"old", b"new")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_what_a_killed_run_leaves_is_removed_by_the_next(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(b"old")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.py")], check=False)
    assert len(os.listdir(tmp_path)) == 3
    assert (tmp_path / "a.py").read_bytes() == b"old"
    again = "import sys; from torchdet.engine.write_file import replace_file as r"
    again += "; r(sys.argv[1], b'old', b'new')"
    subprocess.run([sys.executable, "-c", again, str(tmp_path / "b.py")], check=True)
    assert sorted(os.listdir(tmp_path)) == ["a.py", "b.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_what_another_run_is_writing_is_left_alone(tmp_path: Path) -> None:
    import fcntl

    busy, link = tmp_path / ".torchdet-busy.tmp", tmp_path / ".torchdet-link.tmp"
    busy.touch()
    link.symlink_to("a.py")
    with busy.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        remove_leftovers_beside([str(tmp_path / "a.py")])
        assert busy.exists()
        assert link.is_symlink()


def test_a_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path / f"{'a' * 252}.py"
    path.write_bytes(b"old")
    replace_file(str(path), b"old", b"new")
    assert path.read_bytes() == b"new"
