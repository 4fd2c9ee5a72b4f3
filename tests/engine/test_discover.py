"""Which files a run looks at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unprivileged import public_folder, unprivileged
from torchdet.engine.discover import SourceFile, Unreachable, discover
from torchdet.model.config import LintConfig


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*paths: str) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("x = 1\n")


def paths(*given: str, config: LintConfig | None = None, force_exclude: bool = False) -> list[str]:
    used = config or LintConfig()
    return [i.path for i in discover(given, lambda _: used, force_exclude=force_exclude)]


def test_python_files_below_a_folder_sorted_by_path() -> None:
    write("b.py", "a/z.py", "a/b/c.py", "a/notes.txt", "a/stub.pyi", "a/guide.md")
    assert paths(".") == ["a/b/c.py", "a/stub.pyi", "a/z.py", "b.py"]


def test_paths_read_as_they_were_given() -> None:
    write("src/kit/a.py")
    assert paths("src") == ["src/kit/a.py"]
    assert paths("./src/") == ["src/kit/a.py"]
    absolute = str(Path("src").absolute())
    assert paths(absolute) == [f"{absolute}/kit/a.py"]


def test_a_file_named_twice_is_checked_once() -> None:
    write("src/a.py")
    assert paths("src", "src/a.py", "./src/a.py") == ["src/a.py"]


def test_a_named_file_is_taken_whatever_its_name() -> None:
    write("tool", "build/a.py")
    assert paths("tool", "build/a.py") == ["build/a.py", "tool"]


def test_force_exclude_leaves_out_named_files_too() -> None:
    write("build/a.py", "src/b.py")
    assert paths("build/a.py", "src/b.py", "build", force_exclude=True) == ["src/b.py"]


def test_default_excludes_hold_at_any_depth_and_outside_the_current_folder(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    write("a.py", ".venv/x.py", "kit/__pycache__/x.py", "kit/build/x.py", "kit/b.py")
    assert paths(".") == ["a.py", "kit/b.py"]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / ".venv").mkdir()
    (elsewhere / ".venv" / "x.py").touch()
    (elsewhere / "y.py").touch()
    assert paths(str(elsewhere)) == [str(elsewhere / "y.py")]


def test_configured_patterns_are_relative_to_the_configuration() -> None:
    write("src/gen/a.py", "gen/a.py", "src/b_pb2.py", "src/c.py")
    config = LintConfig(root=".", exclude=(), extend_exclude=("/gen", "*_pb2.py"))
    assert paths(".", config=config) == ["src/c.py", "src/gen/a.py"]


def test_gitignore_as_git_reads_it() -> None:
    write("a.py", "out/b.py", "kit/local.py", "kit/keep/local.py", "kit/deep/out/c.py", "info.py")
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("out/\nlocal.py\n")
    Path("kit/keep/.gitignore").write_text("!local.py\n")
    Path(".git/info/exclude").write_text("info.py\n")
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert paths(".") == sorted(listed) == ["a.py", "kit/keep/local.py"]
    loose = LintConfig(respect_gitignore=False)
    assert "out/b.py" in paths(".", config=loose)


def test_gitignore_outside_a_work_tree_means_nothing() -> None:
    write("a.py")
    Path(".gitignore").write_text("a.py\n")
    assert paths(".") == ["a.py"]


def test_loops_of_links_end() -> None:
    write("kit/a.py")
    Path("kit/again").symlink_to("..", target_is_directory=True)
    Path("kit/loop.py").symlink_to("loop.py")
    assert paths(".") == ["kit/a.py", "kit/loop.py"]


def test_a_missing_path_is_said() -> None:
    assert discover(["nowhere.py"], lambda _: LintConfig()) == [
        Unreachable("nowhere.py", "no such file or folder")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_an_unreadable_folder_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with public_folder() as folder:
        monkeypatch.chdir(folder)
        write("closed/a.py", "b.py")
        Path("closed").chmod(0)
        with unprivileged():
            found = discover([".", "closed/a.py"], lambda _: LintConfig())
        monkeypatch.undo()
    assert [item.path for item in found] == ["b.py", "closed", "closed/a.py"]
    assert [getattr(item, "reason", "") for item in found] == ["", *["Permission denied"] * 2]


def test_patterns_of_a_configuration_as_ruff_has_them() -> None:
    write("tests/a.py", "docs/b.py", "src/c.py", "#d.py", "src/e.py")
    here = str(Path.cwd())
    excluded = ("./{tests,docs}/*", "#d.py", f"{here}/src/c.py")
    assert paths(".", config=LintConfig(exclude=excluded)) == ["src/e.py"]


def test_module_names_follow_the_packages() -> None:
    write("src/kit/__init__.py", "src/kit/nn/__init__.py", "src/kit/nn/layers.py", "src/run.py")
    found = discover(["src"], lambda _: LintConfig())
    names = {item.path: item.module_name for item in found if isinstance(item, SourceFile)}
    assert names == {
        "src/kit/__init__.py": "kit",
        "src/kit/nn/__init__.py": "kit.nn",
        "src/kit/nn/layers.py": "kit.nn.layers",
        "src/run.py": "run",
    }


def test_each_file_gets_the_configuration_of_its_folder() -> None:
    write("a/x.py", "b/y.py")
    found = discover(["."], lambda folder: LintConfig(root=str(folder)))
    roots = {item.path: item.config.root for item in found if isinstance(item, SourceFile)}
    assert roots == {"a/x.py": "a", "b/y.py": "b"}
