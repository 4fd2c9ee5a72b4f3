"""git is asked about the files themselves: odd names, submodules, many of them at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from torchdet.engine.work_tree import uncommitted


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path, *names: str) -> list[Path]:
    """Files with these names in ``folder``, a repository in which they are committed."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q")
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    return paths


def test_only_the_files_that_are_asked_for(tmp_path: Path) -> None:
    first, second, third = committed(tmp_path, "a.py", "kit/b.py", "c.py")
    second.write_text("x = 2\n")
    third.write_text("x = 2\n")
    assert uncommitted([str(first), str(second)]) == [str(second)]
    assert uncommitted([]) == []


def test_names_that_git_quotes_or_reads_as_patterns(tmp_path: Path) -> None:
    names = ["a b.py", "é\n.py", "[x].py", "x.py", ":(top)y.py", "-z.py"]
    paths = committed(tmp_path, *names)
    assert uncommitted(map(str, paths)) == []
    for path in paths:
        path.write_text("x = 2\n")
        assert uncommitted(map(str, paths)) == [str(path)]
        path.write_text("x = 1\n")


def test_the_innermost_repository_counts(tmp_path: Path) -> None:
    [outer] = committed(tmp_path, "a.py")
    [inner] = committed(tmp_path / "inner", "b.py")
    assert uncommitted([str(outer), str(inner)]) == []
    inner.write_text("x = 2\n")
    assert uncommitted([str(outer), str(inner)]) == [str(inner)]


def test_what_is_staged_renamed_or_new_is_uncommitted(tmp_path: Path) -> None:
    first, _ = committed(tmp_path, "a.py", "b.py")
    first.write_text("x = 2\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "mv", "b.py", "c.py")
    moved, new = tmp_path / "c.py", tmp_path / "kit" / "new.py"
    new.parent.mkdir()
    new.write_text("")
    assert uncommitted(map(str, (first, moved, new))) == [str(first), str(moved), str(new)]


def test_more_files_than_a_command_line_takes(tmp_path: Path) -> None:
    paths = committed(tmp_path, *(f"{'long' * 40}{index}.py" for index in range(450)))
    for path in paths[::100]:
        path.write_text("x = 2\n")
    assert uncommitted(map(str, paths)) == sorted(map(str, paths[::100]))


def test_a_work_tree_elsewhere_and_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [path] = committed(tmp_path / "project", "a.py")
    path.write_text("x = 2\n")
    (tmp_path / "loose.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert uncommitted(["project/a.py", "loose.py"]) == ["project/a.py"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".git").mkdir()
    (tmp_path / "empty" / "a.py").write_text("")
    assert uncommitted(["empty/a.py"]) == []
