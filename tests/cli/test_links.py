"""Nothing is written through a link that leads out of the tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import torchdet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")

BAD = "import torch\n\ntorch.cuda.synchronize()\n"
WRITERS = {
    "fix": ("fix",),
    "migrate": ("fix", "--migrate"),
    "noqa": ("lint", "--add-noqa", "--select", "DET303"),
}
OUTPUTS = {
    "output file": ("lint", "--exit-zero", "--output-file"),
    "baseline": ("lint", "--write-baseline"),
    "report": ("fix", "--migrate", "--report"),
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a project beside which others have files."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "theirs.py").write_text(BAD)
    (tmp_path / "elsewhere" / "account.md").write_text("theirs")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def theirs(tmp_path: Path) -> str:
    return (tmp_path / "elsewhere" / "theirs.py").read_text()


@pytest.mark.parametrize("writer", WRITERS.values(), ids=list(WRITERS))
@pytest.mark.parametrize("named", [".", "link.py", "../project"])
def test_a_link_out_of_the_tree_is_skipped_and_said(
    writer: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    Path("link.py").symlink_to("../elsewhere/theirs.py")
    Path("own.py").write_text(BAD)
    done = torchdet(*writer, "--no-cache", "--isolated", named)
    assert done.returncode == 0, done.stderr
    assert theirs(tmp_path) == BAD
    assert Path("link.py").is_symlink()
    assert "skipped" in done.stderr
    assert str(tmp_path / "elsewhere" / "theirs.py") in done.stderr
    assert (Path("own.py").read_text() == BAD) == (named == "link.py")


@pytest.mark.parametrize("writer", WRITERS.values(), ids=list(WRITERS))
def test_a_folder_that_is_a_link_out_of_the_tree(writer: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / ".git").mkdir()  # nor does it help that it is a project, too
    Path("src").symlink_to("../elsewhere", target_is_directory=True)
    for named in ("src", "src/theirs.py"):
        done = torchdet(*writer, "--no-cache", "--isolated", named)
        assert theirs(tmp_path) == BAD
        assert "skipped" in done.stderr


@pytest.mark.parametrize("writer", WRITERS.values(), ids=list(WRITERS))
def test_a_link_inside_the_tree_is_written_once(writer: tuple[str, ...]) -> None:
    Path("kit").mkdir()
    Path("kit/real.py").write_text(BAD)
    Path("a.py").symlink_to("kit/real.py")
    Path("z.py").symlink_to(Path("kit/real.py").absolute())
    done = torchdet(*writer, "--no-cache", "--isolated", ".")
    assert done.returncode == 0, done.stderr
    assert "skipped" not in done.stderr
    assert Path("a.py").is_symlink()
    assert Path("z.py").is_symlink()
    assert Path("kit/real.py").read_text() != BAD
    if "--add-noqa" in writer:
        assert "added # noqa for 1 finding" in done.stderr
        assert Path("kit/real.py").read_text().count("noqa") == 1


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=list(OUTPUTS))
def test_an_output_is_not_written_through_a_link_out_of_the_tree(
    output: tuple[str, ...], tmp_path: Path
) -> None:
    Path("own.py").write_text(BAD)
    Path("account.md").symlink_to("../elsewhere/account.md")
    Path("new.md").symlink_to("../elsewhere/new.md")
    for name in ("account.md", "new.md"):
        done = torchdet(*output, name, "--no-cache", "--isolated", ".")
        assert done.returncode == 2
        assert f"{name}: a link to" in done.stderr
    assert (tmp_path / "elsewhere" / "account.md").read_text() == "theirs"
    assert not (tmp_path / "elsewhere" / "new.md").exists()
    assert Path("own.py").read_text() == BAD


def test_an_output_is_written_through_a_link_inside_the_tree_and_where_the_user_says() -> None:
    Path("own.py").write_text(BAD)
    Path("real.md").write_text("old")
    Path("account.md").symlink_to("real.md")
    for name in ("account.md", "../elsewhere/account.md"):
        done = torchdet("lint", "--exit-zero", "--output-file", name, "--no-cache", "--isolated")
        assert done.returncode == 0, done.stderr
        assert "own.py" in Path(name).read_text()
    assert Path("account.md").is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_dev_stdout_is_an_output() -> None:
    Path("own.py").write_text(BAD)
    done = torchdet("lint", "--exit-zero", "--output-file", "/dev/stdout", "--no-cache")
    assert "own.py" in done.stdout


def test_dangling_links_are_passed_over_and_said_when_asked() -> None:
    Path("own.py").write_text("x = 1\n")
    Path(".#own.py").symlink_to("somebody@host.1234:1700000000")
    for command in (("lint",), ("fix",), ("fix", "--migrate")):
        quiet = torchdet(*command, "--no-cache", "--isolated")
        assert quiet.returncode == 0, quiet.stderr
        assert ".#own.py" not in quiet.stdout + quiet.stderr
        told = torchdet(*command, "--verbose", "--no-cache", "--isolated")
        assert ".#own.py skipped: a link to nothing" in told.stderr


def test_fix_clears_up_after_a_run_that_was_killed() -> None:
    Path("own.py").write_text("x = 1\n")
    Path(".torchdet-killed.tmp").write_text("half")
    assert torchdet("fix", "--no-cache", "--isolated").returncode == 0
    assert os.listdir() == ["own.py"]


def test_add_noqa_names_the_users_file_when_it_cannot_be_written() -> None:
    Path("own.py").write_text(BAD)
    program = "import os, tempfile\n"
    program += (
        "def full(*_, **__): raise OSError(28, 'No space left on device', '.torchdet-x.tmp')\n"
    )
    program += "tempfile.mkstemp = full\n"
    program += "import sys; sys.argv = 'torchdet lint --add-noqa --no-cache --isolated'.split()\n"
    program += "from torchdet.cli._run import run; raise SystemExit(run())\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "own.py:1:1: DET901" in done.stdout
    assert "cannot be written: No space left on device" in done.stdout
    assert ".torchdet" not in done.stdout + done.stderr
