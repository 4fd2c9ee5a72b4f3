"""What is no ordinary file never hangs a run, and is named where its content is needed."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import torchdet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")

FINDING = "import seeding\nimport torch\ntorch.set_default_dtype(torch.float64)\n"


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 40)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(path.name)  # relative, because the names of sockets are bounded


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "zeros": zeros,
    "huge": huge,
    "socket": listening,
    "folder": Path.mkdir,
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with one finding, and nothing else that could be asked for."""
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / "train.py").write_text(FINDING)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_run_looks_for_by_itself_is_passed_over(kind: str) -> None:
    for name in (".gitignore", ".git/info/exclude", "seeding.py", "setup.cfg", "setup.py"):
        if name != ".git/info/exclude" or kind != "socket":
            KINDS[kind](Path(name))
    done = torchdet("lint", "train.py", "--select", "ALL", "--no-cache")
    assert done.returncode == 1, done.stderr
    assert "DET202" in done.stdout


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"folder"}))
@pytest.mark.parametrize("name", ["torchdet.toml", "pyproject.toml"])
def test_a_configuration_that_cannot_be_read_is_said(kind: str, name: str) -> None:
    KINDS[kind](Path(name))
    done = torchdet("lint", "--no-cache")
    assert done.returncode == 2
    assert f"{name}: cannot be read: " in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_named_are_said_to_be_unsuitable(kind: str) -> None:
    KINDS[kind](Path("special"))
    unsuitable = {"folder": ("a folder", "directory"), "huge": ("larger than",)}
    reasons = unsuitable.get(kind, ("not a regular file",))
    for option in ("--config", "--baseline"):
        done = torchdet("lint", option, "special", "--no-cache", "train.py")
        assert done.returncode == 2, option
        assert "special" in done.stderr
        assert any(reason in done.stderr for reason in reasons), done.stderr


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"folder"}))
def test_a_source_that_is_unsuitable_costs_only_itself(kind: str) -> None:
    KINDS[kind](Path("a.py"))
    done = torchdet("lint", "--no-cache", "--output-format", "concise", ".")
    assert done.returncode == 2
    assert "a.py:1:1: " in done.stdout
    assert "cannot be read: " in done.stdout
    assert "train.py:3:1" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_in_the_place_of_a_cache_entry_is_as_good_as_none(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    environment = {"TORCHDET_CACHE_DIR": str(kept)}
    first = torchdet("lint", "train.py", **environment)
    entries = [path for path in kept.rglob("*") if path.is_file()]
    assert entries
    for entry in entries:
        entry.unlink()
        monkeypatch.chdir(entry.parent)
        KINDS[kind](entry)
    monkeypatch.chdir(tmp_path)
    again = torchdet("lint", "train.py", **environment)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout) != (0, "")
