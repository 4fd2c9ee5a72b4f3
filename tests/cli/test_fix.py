"""``torchdet fix`` as a user runs it: files in a folder, a process, what it leaves behind."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.process import torchdet
from tests.patience import PATIENCE

BAD = "import torch\n\ntorch.cuda.synchronize()  # wait\n"
GOOD = "import torch\n\ntorch.accelerator.synchronize()  # wait\n"
UNSAFE = "import torch\n\nx = torch.load('a')\n"
UNSAFE_FIXED = "import torch\n\nx = torch.load('a', map_location=\"cpu\")\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without a configuration of its own, in no work tree."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    Path("torchdet.toml").write_text("select = ['DET303', 'DET310']\n")
    return tmp_path


def fix(*arguments: str, **keywords: str | bytes) -> subprocess.CompletedProcess[str]:
    return torchdet("fix", *arguments, **keywords)


def test_safe_fixes_are_written_and_the_rest_is_told() -> None:
    Path("a.py").write_text(BAD)
    Path("b.py").write_text(UNSAFE)
    done = fix()
    assert (done.returncode, done.stdout) == (0, "")
    assert (Path("a.py").read_text(), Path("b.py").read_text()) == (GOOD, UNSAFE)
    assert "Fixed 1 finding in 1 file:" in done.stderr
    assert "1  DET303 [cuda-api]" in done.stderr
    assert "--unsafe-fixes fixes them: 1 DET310" in done.stderr
    done = fix("--unsafe-fixes")
    assert done.returncode == 0
    assert Path("b.py").read_text() == UNSAFE_FIXED
    assert "Not fixed" not in done.stderr


def test_findings_without_a_fix_are_no_failure_of_fix() -> None:
    Path("torchdet.toml").write_text("select = ['DET101']\n")
    Path("a.py").write_text(BAD)
    done = fix()
    assert done.returncode == 0
    assert "have no fix; to be fixed by hand: 1 DET101" in done.stderr


def test_quiet_prints_errors_only() -> None:
    Path("a.py").write_text(BAD)
    Path("broken.py").write_text("torch.cuda.synchronize(\n")
    done = fix("--quiet")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "broken.py:1:23: DET901" in done.stderr
    assert Path("a.py").read_text() == GOOD


def test_exit_codes_of_what_cannot_be_read() -> None:
    assert fix("nowhere.py").returncode == 2
    assert fix("--select", "DET999").returncode == 2
    assert fix("--isolated", "--config", "torchdet.toml").returncode == 2
    Path("torchdet.toml").write_text("slect = []\n")
    assert fix().returncode == 2


def test_selection_and_exclusion_are_those_of_lint() -> None:
    Path("a.py").write_text(BAD)
    Path("build").mkdir()
    Path("build/b.py").write_text(BAD)
    fix("--select", "DET310")
    fix("--ignore", "cuda-api")
    fix("--force-exclude", "build/b.py")
    assert Path("a.py").read_text() == BAD
    assert Path("build/b.py").read_text() == BAD
    fix("build/b.py", "--isolated", "--select", "DET310", "--extend-select", "DET303")
    assert Path("build/b.py").read_text() == GOOD


def test_diff_is_a_patch_that_makes_the_same() -> None:
    texts = {
        "a.py": BAD.encode(),
        "crlf.py": BAD.replace("\n", "\r\n").encode(),
        "latin.py": b"# coding: latin-1\n# \xe9\n" + BAD.encode(),
        "end.py": BAD.rstrip("\n").encode() + "  # ü".encode(),
        "feed.py": b"\xef\xbb\xbfx = 1\n\x0c\n" + BAD.encode(),
        "mac.py": BAD.replace("\n", "\r").encode(),
        "clean.py": b"x = 1\n",
    }
    for name, data in texts.items():
        Path(name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "torchdet", "fix", "--diff"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert {name: Path(name).read_bytes() for name in texts} == texts
    assert b"Would fix 6 findings in 6 files" in done.stderr
    shutil.copytree(".", "patched", ignore=shutil.ignore_patterns("patched", ".cache"))
    subprocess.run(
        ["git", "apply", "-p0", "--whitespace=nowarn", "-"],
        input=done.stdout, cwd="patched", check=True, env={**os.environ, "GIT_DIR": os.devnull},
    )  # fmt: skip
    assert fix("--force-exclude").returncode == 0
    for name, data in texts.items():
        assert Path(name).read_bytes() == Path("patched", name).read_bytes()
        assert (Path(name).read_bytes() != data) == (name != "clean.py")
    done = fix("--diff")
    assert (done.returncode, done.stdout) == (0, "")


def test_standard_input_comes_out_fixed() -> None:
    data = "\ufeff" + BAD.replace("\n", "\r\n")
    done = torchdet("fix", "-", stdin=data.encode())
    assert (done.returncode, done.stdout) == (0, data.replace("cuda", "accelerator"))
    assert "Fixed 1 finding" in done.stderr
    done = torchdet("fix", "-", "--diff", "--stdin-filename", "kit/a.py", stdin=BAD)
    assert done.returncode == 1
    assert done.stdout.startswith("--- kit/a.py\n+++ kit/a.py\n@@ ")
    assert torchdet("fix", "-", "a.py", stdin=BAD).returncode == 2


def test_standard_input_is_never_lost() -> None:
    for text in ("x = 1\n", "torch.cuda.synchronize(\n"):
        assert torchdet("fix", "-", stdin=text).stdout == text
    assert torchdet("fix", "-", stdin="torch.cuda.synchronize(\n").returncode == 2


def test_files_keep_what_no_fix_touches() -> None:
    data = "# coding: latin-1\r\n\x0c\r\n# é\r\n".encode("latin-1")
    data += BAD.replace("\n", "\r\n").encode() + b"y = 1"
    Path("a.py").write_bytes(data)
    Path("a.py").chmod(0o751)
    Path("clean.py").write_text("x = 1\n")
    os.utime("clean.py", (1, 1))
    assert fix().returncode == 0
    assert Path("a.py").read_bytes() == data.replace(b"cuda.sync", b"accelerator.sync")
    assert stat.S_IMODE(Path("a.py").stat().st_mode) == 0o751
    assert Path("clean.py").stat().st_mtime == 1
    os.utime("a.py", (1, 1))
    assert fix().returncode == 0
    assert Path("a.py").stat().st_mtime == 1


def test_a_link_stays_and_its_target_is_fixed_once() -> None:
    Path("kit").mkdir()
    Path("kit/real.py").write_text(BAD)
    Path("link.py").symlink_to("kit/real.py")
    done = fix()
    assert done.returncode == 0
    assert "Fixed 1 finding in 1 file" in done.stderr
    assert Path("link.py").is_symlink()
    assert Path("kit/real.py").read_text() == GOOD


def test_a_read_only_file_is_left_alone() -> None:
    Path("a.py").write_text(BAD)
    Path("a.py").chmod(0o444)
    Path("b.py").write_text(BAD)
    done = fix()
    assert done.returncode == 2
    assert "a.py:1:1: DET901" in done.stderr
    assert "cannot be written: the file is read-only" in done.stderr
    assert (Path("a.py").read_text(), Path("b.py").read_text()) == (BAD, GOOD)


def test_a_disk_without_room_leaves_files_as_they_were() -> None:
    padding = "# padding\n" * 10_000
    Path("big.py").write_text(BAD + padding)
    Path("small.py").write_text(BAD)
    done = subprocess.run(
        [sys.executable, "-m", "torchdet", "fix", "--no-cache"],
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        check=False,
    )
    assert done.returncode == 2
    assert b"big.py:1:1: DET901" in done.stderr
    assert b"cannot be written: File too large" in done.stderr
    assert Path("big.py").read_text() == BAD + padding
    assert Path("small.py").read_text() == GOOD
    assert sorted(set(os.listdir()) - {".cache"}) == ["big.py", "small.py", "torchdet.toml"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_leaves_every_file_old_or_new(number: signal.Signals) -> None:
    names = [f"m{index:03}.py" for index in range(400)]
    for name in names:
        Path(name).write_text(BAD)
    process = subprocess.Popen(
        [sys.executable, "-m", "torchdet", "fix", "--quiet"], stderr=subprocess.DEVNULL
    )
    while process.poll() is None and Path(names[20]).read_text() == BAD:
        time.sleep(0.002)
    process.send_signal(number)
    process.wait(timeout=PATIENCE)
    texts = [Path(name).read_text() for name in names]
    assert set(texts) <= {BAD, GOOD}
    assert texts[20] == GOOD
    assert texts == sorted(texts)  # in the order of the paths: "accelerator" before "cuda"
    if number == signal.SIGINT:
        left = [name for name in os.listdir() if name.endswith(".py")]
        assert sorted(left) == names
        assert not [name for name in os.listdir() if name.startswith(".m")]
    assert fix("--quiet").returncode == 0
    assert {Path(name).read_text() for name in names} == {GOOD}


def git(*arguments: str, folder: str = ".") -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_uncommitted_work_is_not_mixed_with_fixes() -> None:
    git("init", "-q")
    for name in ("a.py", "b.py", "c.py"):
        Path(name).write_text(BAD)
    Path("clean.py").write_text("x = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "Begin")
    Path("a.py").write_text(BAD + "x = 1\n")
    Path("clean.py").write_text("x = 2\n")
    done = fix()
    assert done.returncode == 2
    assert "nothing was written" in done.stderr
    assert "\n  a.py\n" in done.stderr
    assert "clean.py" not in done.stderr
    assert [Path(name).read_text() for name in ("b.py", "c.py")] == [BAD, BAD]
    assert fix("--diff").returncode == 1
    assert fix("b.py").returncode == 0
    git("add", "a.py")
    assert fix("a.py").returncode == 2
    assert fix("--allow-dirty").returncode == 0
    assert Path("a.py").read_text() == GOOD + "x = 1\n"


def test_a_new_file_is_uncommitted_and_an_ignored_one_is_not_gits() -> None:
    git("init", "-q")
    Path(".gitignore").write_text("ignored.py\n")
    Path("ignored.py").write_text(BAD)
    Path("kit").mkdir()
    Path("kit/new.py").write_text(BAD)
    assert fix("kit").returncode == 2
    assert fix("ignored.py").returncode == 0
    Path("link.py").symlink_to("kit/new.py")
    assert fix("link.py").returncode == 2


def test_without_git_there_is_nothing_to_ask(project: Path) -> None:
    git("init", "-q")
    Path("a.py").write_text(BAD)
    empty = project / "bin"
    empty.mkdir()
    assert torchdet("fix", "a.py", PATH=str(empty)).returncode == 0
    assert Path("a.py").read_text() == GOOD


def test_a_repository_that_git_refuses_is_no_reason_to_go_on() -> None:
    git("init", "-q")
    Path(".git/config").write_text("[core\n")
    Path("a.py").write_text(BAD)
    done = fix("a.py")
    assert done.returncode == 2
    assert "bad config" in done.stderr
    assert "--allow-dirty" in done.stderr
    assert Path("a.py").read_text() == BAD


def test_nothing_that_a_repository_configures_is_executed() -> None:
    git("init", "-q")
    Path("hook").write_text("#!/bin/sh\ntouch executed\n")
    Path("hook").chmod(0o755)
    git("config", "core.fsmonitor", "./hook")
    Path("a.py").write_text(BAD)
    git("-c", "core.fsmonitor=false", "add", "a.py")
    fix()
    assert not Path("executed").exists()


def test_refused_fixes_are_told_and_leave_the_file() -> None:
    Path("torchdet.toml").write_text("select = ['DET305', 'DET303']\n")
    nested = "0.0"
    for _ in range(25):  # each overlaps the next, and none but one can be fixed in a round
        nested = f"torch.cuda.FloatTensor([{nested}])"
    text = f"{BAD}x = {nested}\n"
    Path("deep.py").write_text(text)
    Path("a.py").write_text(BAD)
    done = fix("--unsafe-fixes")
    assert done.returncode == 1
    assert "deep.py: left as it was, because the fixes of " in done.stderr
    assert "do not settle" in done.stderr
    assert "26  in files whose fixes were refused: 25 DET305, 1 DET303" in done.stderr
    assert (Path("deep.py").read_text(), Path("a.py").read_text()) == (text, GOOD)


def test_many_files_over_processes() -> None:
    padding = "".join(f"def f{index}():\n    torch.cuda.synchronize()\n\n" for index in range(300))
    for index in range(60):
        Path(f"m{index:02}.py").write_text(f"import torch\n\n{padding}")
    done = fix("--jobs", "2", "--no-cache")
    assert done.returncode == 0
    assert "Fixed 18000 findings in 60 files" in done.stderr
    texts = {path.read_text() for path in Path().glob("*.py")}
    assert texts == {f"import torch\n\n{padding}".replace("cuda", "accelerator")}
