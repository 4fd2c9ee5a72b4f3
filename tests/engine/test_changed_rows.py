"""What a change answers for: the rows that it adds or touches."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.process import torchdet
from tests.engine.test_work_tree import git
from torchdet.engine.changed_rows import _touched, changed_rows
from torchdet.engine.git_program import GitError

BASE = "import torch\n\na = torch.zeros(1).cuda()\nb = torch.zeros(1).cuda()\n"
CHANGED = BASE.replace("b = ", "x = 1\nbb = ") + "c = torch.zeros(1).cuda()\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    folder = tmp_path / "kit"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git(folder, "init", "-q", "-b", "main")
    Path("a.py").write_text(BASE)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Begin")
    return folder


def rows(revision: str = "HEAD", path: str = "a.py") -> set[int]:
    return set(changed_rows([path], revision)[path])


def lint(*arguments: str) -> list[int]:
    done = torchdet("lint", "--select", "DET302", "--output-format", "json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    return [found["location"]["row"] for found in json.loads(done.stdout)]


@pytest.mark.usefixtures("repository")
def test_rows_that_were_added_or_touched() -> None:
    assert rows() == set()
    Path("a.py").write_text(CHANGED)
    assert rows() == {4, 5, 6}
    Path("new.py").write_text(BASE)
    assert rows(path="new.py") >= {1, 2, 3, 4}


@pytest.mark.usefixtures("repository")
def test_other_line_endings_change_nothing() -> None:
    Path("a.py").write_bytes(BASE.replace("\n", "\r\n").encode())
    assert rows() == set()


def test_a_branch_answers_for_what_it_changed_and_not_for_what_it_lacks(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    Path("a.py").write_text(CHANGED)
    git(repository, "commit", "-q", "-am", "Change")
    git(repository, "checkout", "-q", "main")
    Path("a.py").write_text(f"y = 1\n{BASE}")
    git(repository, "commit", "-q", "-am", "Meanwhile")
    git(repository, "checkout", "-q", "topic")
    assert rows("main") == {4, 5, 6}


@pytest.mark.usefixtures("repository")
def test_lint_reports_what_stands_on_them() -> None:
    Path("a.py").write_text(CHANGED)
    assert lint("a.py") == [3, 5, 6]
    assert lint("--diff-base", "HEAD") == [5, 6]
    assert lint("--since", "HEAD", ".") == [5, 6]
    assert "Raw imports" not in torchdet("lint", "--diff-base", "HEAD").stdout


def test_each_run_looks_at_git_anew(repository: Path) -> None:
    Path("a.py").write_text(CHANGED)
    assert [lint("--diff-base", "HEAD") for _ in range(2)] == [[5, 6]] * 2
    git(repository, "commit", "-q", "-am", "Change")
    assert lint("--diff-base", "HEAD") == []


@pytest.mark.usefixtures("repository")
def test_a_file_that_cannot_be_read_is_named_all_the_same() -> None:
    Path("broken.py").write_text("x = torch.zeros(1).cuda(\n")
    git(Path(), "add", ".")
    git(Path(), "commit", "-q", "-m", "Break")
    done = torchdet("lint", "--diff-base", "HEAD")
    assert done.returncode == 2
    assert "broken.py" in done.stdout


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("revision", ["nowhere", "--all", "-z", "HEAD:a.py", "", "main..main"])
def test_what_names_no_commit_is_an_error(revision: str) -> None:
    with pytest.raises(GitError, match="no commit"):
        rows(revision)
    assert torchdet("lint", f"--diff-base={revision}").returncode == 2


def test_histories_without_a_common_commit(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    git(repository, "commit", "-q", "-m", "Begin anew")
    with pytest.raises(GitError, match="no commit in common"):
        rows("main")


def test_a_file_outside_any_repository_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BASE)
    with pytest.raises(GitError, match="no git work tree"):
        changed_rows([str(tmp_path / "a.py")], "HEAD")


LINES = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=8)


@given(LINES, LINES)
def test_what_was_not_touched_was_there_in_the_same_order(
    before: list[bytes], after: list[bytes]
) -> None:
    touched = set(_touched(before, after))
    left = iter(before)
    assert all(line in left for line in _kept(after, touched))


def _kept(lines: Iterable[bytes], touched: set[int]) -> list[bytes]:
    return [line for row, line in enumerate(lines, start=1) if row not in touched]
