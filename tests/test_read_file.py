"""Reading takes regular files of bearable size and turns down the rest at once."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from torchdet.read_file import UnsuitableFileError, read_file

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


def test_a_regular_file_and_a_link_to_one(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\r\n")
    (tmp_path / "link.py").symlink_to("a.py")
    assert read_file(path) == b"x = 1\r\n"
    assert read_file(str(tmp_path / "link.py")) == b"x = 1\r\n"


def test_the_limit_is_the_largest_size_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"12345")
    assert read_file(path, limit=5) == b"12345"
    with pytest.raises(UnsuitableFileError, match="larger than"):
        read_file(path, limit=4)


def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.py"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(UnsuitableFileError, match="larger than 64 MiB") as caught:
        read_file(path)
    assert caught.value.filename == path


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_file_that_is_longer_than_it_says_is_bounded() -> None:
    path = "/proc/self/maps"
    assert os.stat(path).st_size == 0
    assert len(read_file(path)) > 100
    with pytest.raises(UnsuitableFileError, match="larger than"):
        read_file(path, limit=100)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnsuitableFileError, match="a folder"):
        read_file(tmp_path)


@posix_only
def test_a_pipe_that_nobody_writes_to_is_turned_down_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UnsuitableFileError, match="not a regular file"):
        read_file(pipe)


@posix_only
def test_devices_and_links_to_them_are_turned_down(tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to("/dev/zero")
    for path in ("/dev/zero", link):
        with pytest.raises(UnsuitableFileError, match="not a regular file"):
            read_file(path)


@posix_only
def test_a_socket_is_turned_down() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,  # short: the names of sockets are bounded
        socket.socket(socket.AF_UNIX) as listening,
    ):
        name = os.path.join(folder, "s")
        listening.bind(name)
        with pytest.raises(UnsuitableFileError, match="not a regular file"):
            read_file(name)


@posix_only
def test_a_pipe_in_the_place_of_the_file_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x")
    regular = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda _path: regular)
        with pytest.raises(UnsuitableFileError, match="not a regular file"):
            read_file(path)


def test_a_missing_file_is_said_as_the_system_says_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.py")
