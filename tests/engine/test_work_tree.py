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


def test_before_the_first_commit_nothing_is_committed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    git(tmp_path, "add", ".")
    assert uncommitted([str(path)]) == [str(path)]


def test_ignored_files_are_nothing_that_git_looks_after(tmp_path: Path) -> None:
    committed(tmp_path, "a.py")
    (tmp_path / ".gitignore").write_text("/build/\nlocal.py\n")
    (tmp_path / "build" / "kit").mkdir(parents=True)
    ignored = [tmp_path / "build" / "kit" / "b.py", tmp_path / "local.py"]
    new = tmp_path / "new.py"
    for path in (*ignored, new):
        path.write_text("x = 1\n")
    assert uncommitted(map(str, (*ignored, new))) == [str(new)]


def test_an_ignored_file_that_is_committed_all_the_same(tmp_path: Path) -> None:
    [path] = committed(tmp_path, "a.py")
    (tmp_path / ".gitignore").write_text("a.py\n")
    assert uncommitted([str(path)]) == []
    path.write_text("x = 2\n")
    assert uncommitted([str(path)]) == [str(path)]


def test_line_endings_that_git_changes_are_no_change(tmp_path: Path) -> None:
    [path] = committed(tmp_path, "a.py")
    git(tmp_path, "config", "core.autocrlf", "true")
    path.unlink()
    git(tmp_path, "checkout", "--", "a.py")
    assert path.read_bytes() == b"x = 1\r\n"
    assert uncommitted([str(path)]) == []
    path.write_bytes(b"x = 2\r\n")
    assert uncommitted([str(path)]) == [str(path)]


def test_a_submodule_and_a_further_work_tree(tmp_path: Path) -> None:
    committed(tmp_path / "library", "b.py")
    [outer] = committed(tmp_path / "project", "a.py")
    allowed = ("-c", "protocol.file.allow=always")
    git(outer.parent, *allowed, "submodule", "--quiet", "add", "../library", "inner")
    git(outer.parent, "commit", "-q", "-m", "Add the library")
    git(outer.parent, "worktree", "add", "-q", str(tmp_path / "further"))
    paths = [tmp_path / "further" / "a.py", outer.parent / "inner" / "b.py"]
    assert uncommitted(map(str, paths)) == []
    for path in paths:
        path.write_text("x = 2\n")
    assert uncommitted(map(str, (*paths, outer))) == list(map(str, paths))


def test_a_repository_with_longer_ids(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    [path] = committed(tmp_path, "a.py")
    assert uncommitted([str(path)]) == []
    path.write_text("x = 2\n")
    assert uncommitted([str(path)]) == [str(path)]


def test_what_a_filter_keeps_in_another_form_counts_as_changed(tmp_path: Path) -> None:
    [path] = committed(tmp_path, "a.py")
    git(tmp_path, "config", "filter.upper.clean", "tr a-z A-Z")
    git(tmp_path, "config", "filter.upper.smudge", "tr A-Z a-z")
    (tmp_path / ".gitattributes").write_text("*.py filter=upper\n")
    git(tmp_path, "add", "--renormalize", ".")
    git(tmp_path, "commit", "-q", "-m", "In capitals")
    assert uncommitted([str(path)]) == [str(path)]
