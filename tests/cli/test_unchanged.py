"""A run in which nothing has changed prints what the last one printed, without running."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from torchdet.cli._run import run
from torchdet.engine import footprint, manifest
from torchdet.engine.manifest import unchanged_run

TRAIN = """\
import torch
from kit.seeds import prepare

if __name__ == "__main__":
    prepare(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(4, 8)).sum().backward()
    optimizer.step()
"""
FILES = {
    "work/pyproject.toml": "[project]\nname = 'work'\n[tool.torchdet]\nextend = '../base.toml'\n",
    "base.toml": "policy = 'handle'\n",
    "work/src/kit/__init__.py": "",
    "work/src/kit/seeds.py": "import torch\ndef prepare(n):\n    torch.manual_seed(n)\n",
    "work/requirements-dev.txt": "numpy\n",
    "work/scripts/train.py": TRAIN,
    "work/scripts/more/clean.py": "x = 1\n",
    "elsewhere.py": "import torch\n",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project, whose files count as old from the start."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(footprint, "_YOUNG", -600.0)
    for name, text in FILES.items():
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "files" / "work" / "scripts" / "link.py").symlink_to("../../elsewhere.py")
    monkeypatch.chdir(tmp_path / "files" / "work")


Lint = Callable[..., tuple[str, int]]


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    """Runs the command, always in full; gives what was printed and the exit code."""

    def lint(*arguments: str) -> tuple[str, int]:
        monkeypatch.setattr(sys, "argv", ["torchdet", "lint", *arguments])
        capsys.readouterr()
        code = run()
        return capsys.readouterr().out, code

    return lint


def test_it_is_printed_again(lint: Lint) -> None:
    assert unchanged_run(["lint", "scripts"]) is None
    printed = lint("scripts")
    assert "train.py" in printed[0]
    assert printed[1] == 1
    assert unchanged_run(["lint", "scripts"]) == printed
    assert unchanged_run(["lint", "scripts", "-q"]) is None
    assert unchanged_run(["lint", "./scripts"]) is None


def rewrite_with_the_old_time() -> None:
    path = Path("scripts/train.py")
    before = path.stat()
    path.write_text(TRAIN.replace("torch.randn", "torch.zeros"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_size == before.st_size


def replace_by_folder() -> None:
    Path("scripts/train.py").unlink()
    Path("scripts/train.py").mkdir()


def _package(folder: str) -> None:
    Path(folder).mkdir()
    Path(folder, "__init__.py").write_text("")


CHANGES: dict[str, Callable[[], object]] = {
    "a file": lambda: Path("scripts/train.py").write_text(TRAIN + "\n"),
    "a file, keeping its size and time": rewrite_with_the_old_time,
    "a clean file": lambda: Path("scripts/more/clean.py").write_text("y = 1\n"),
    "a new file": lambda: Path("scripts/new.py").write_text("import torch\n"),
    "a new file below": lambda: Path("scripts/more/new.py").write_text("import torch\n"),
    "a new folder": lambda: Path("scripts/new").mkdir(),
    "a file that went": lambda: Path("scripts/train.py").unlink(),
    "a folder for a file": replace_by_folder,
    "the mode": lambda: Path("scripts/train.py").chmod(0o000),
    "the target of a link": lambda: Path("../elsewhere.py").write_text("import torch.nn\n"),
    "the target of a link that went": lambda: Path("../elsewhere.py").unlink(),
    "the configuration": lambda: Path("pyproject.toml").write_text("[tool.torchdet]\nignore=[]\n"),
    "a nearer configuration": lambda: Path("torchdet.toml").write_text("select = ['DET2']\n"),
    "a configuration below": lambda: Path("scripts/torchdet.toml").write_text("ignore = []\n"),
    "a configuration above": lambda: Path("../torchdet.toml").write_text("select = ['DET2']\n"),
    "an ignore file": lambda: Path("scripts/.gitignore").write_text("train.py\n"),
    "an ignore file above": lambda: Path(".gitignore").write_text("train.py\n"),
    "a repository": lambda: Path("../.git").mkdir(),
    "a package": lambda: Path("scripts/__init__.py").write_text(""),
    "a package above": lambda: Path("__init__.py").write_text(""),
    "a module that a rule asked for": lambda: Path("src/kit/seeds.py").write_text(
        "def prepare(n):\n    pass\n"
    ),
    "a module that comes first": lambda: _package("src/kit/seeds"),
    "the requirements": lambda: Path("requirements.txt").write_text("torch>=2.8\n"),
    "other requirements": lambda: Path("requirements-dev.txt").write_text("torchdet\n"),
    "pytest's configuration": lambda: Path("tox.ini").write_text("[pytest]\n"),
    "a file that imports torchdet": lambda: Path("scripts/rt.py").write_text("import torchdet\n"),
    "a configuration that another extends": lambda: Path("../base.toml").write_text("ignore=[]\n"),
    "the metadata": lambda: Path("setup.py").write_text("'train:main'\n"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_that_counts_may_have_changed(lint: Lint, change: Callable[[], object]) -> None:
    lint("scripts")
    assert unchanged_run(["lint", "scripts"]) is not None
    change()
    assert unchanged_run(["lint", "scripts"]) is None


def test_what_does_not_count_may(lint: Lint) -> None:
    lint("scripts")
    Path("notes.txt").write_text("")
    Path("src/kit/other.py").write_text("import torch\n")
    assert unchanged_run(["lint", "scripts"]) is not None


def test_the_exit_code_of_a_clean_run(lint: Lint) -> None:
    printed = lint("scripts/more")
    assert printed[1] == 0
    assert unchanged_run(["lint", "scripts/more"]) == printed


def test_it_belongs_to_its_surroundings(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    lint("scripts")
    with monkeypatch.context() as patched:
        patched.setenv("FORCE_COLOR", "1")
        assert unchanged_run(["lint", "scripts"]) is None
    with monkeypatch.context() as patched:
        patched.setattr(manifest, "build_id", lambda: "another")
        assert unchanged_run(["lint", "scripts"]) is None
    with monkeypatch.context() as patched:
        patched.chdir("..")
        assert unchanged_run(["lint", "scripts"]) is None
    assert unchanged_run(["lint", "scripts"]) is not None


def test_a_baseline_counts(lint: Lint) -> None:
    lint("scripts", "--write-baseline", "accepted.json")
    arguments = ("scripts", "--baseline", "accepted.json")
    printed = lint(*arguments)
    assert unchanged_run(["lint", *arguments]) == printed
    Path("accepted.json").write_text('{"version": 1, "findings": {}}\n')
    assert unchanged_run(["lint", *arguments]) is None


def test_a_configuration_that_is_named_counts(lint: Lint) -> None:
    Path("../mine.toml").write_text("select = ['DET1']\n")
    arguments = ("scripts", "--config", "../mine.toml")
    lint(*arguments)
    assert unchanged_run(["lint", *arguments]) is not None
    Path("../mine.toml").write_text("select = ['DET2']\n")
    assert unchanged_run(["lint", *arguments]) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("scripts", "--no-cache"),
        ("scripts", "--verbose"),
        ("scripts", "--output-file", "../out.txt"),
        ("scripts", "--write-baseline", "../accepted.json"),
        ("../files",),  # no such folder
        ("..", "--isolated", "--select", "DET2", "--exclude", "*"),  # bad usage
    ],
    ids=" ".join,
)
def test_what_does_more_than_print_runs_each_time(lint: Lint, arguments: tuple[str, ...]) -> None:
    lint(*arguments)
    assert unchanged_run(["lint", *arguments]) is None


def test_a_run_over_young_files_leaves_nothing(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "_YOUNG", 600.0)
    lint("scripts")
    assert unchanged_run(["lint", "scripts"]) is None


def test_a_file_that_changes_meanwhile_leaves_nothing(
    lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect = footprint.Footprint.states

    def changed_first(self: footprint.Footprint) -> object:
        Path("src/kit/seeds.py").write_text("def prepare(n): pass\n")
        return collect(self)

    monkeypatch.setattr(footprint.Footprint, "states", changed_first)
    lint("scripts")
    assert unchanged_run(["lint", "scripts"]) is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
@pytest.mark.parametrize("folder", [".", "runs"])
def test_a_manifest_that_others_may_have_written_is_not_believed(
    lint: Lint, tmp_path: Path, folder: str
) -> None:
    lint("scripts")
    (kept,) = (tmp_path / "cache").iterdir()
    (kept / folder).chmod(0o777)
    assert unchanged_run(["lint", "scripts"]) is None


@pytest.mark.parametrize("content", [b"", b"\xff\1" * 5, b"torchdet run 1\1a\1b\1c\1d"])
def test_a_damaged_manifest_is_none(lint: Lint, tmp_path: Path, content: bytes) -> None:
    lint("scripts")
    (written,) = (tmp_path / "cache").glob("*/runs/*")
    written.write_bytes(content)
    assert unchanged_run(["lint", "scripts"]) is None


def test_nothing_is_imported_for_it(lint: Lint) -> None:
    printed, code = lint("scripts")
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(sorted(sys.modules), file=sys.stderr))\n"
        "sys.argv[1:] = ['lint', 'scripts']\n"
        "from torchdet.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == (printed, code)
    for name in ("click", "libcst", "json", "dataclasses", "torchdet.cli", "torchdet.findings"):
        assert repr(name) not in done.stderr, name


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/full")
def test_a_full_disk_is_an_error_here_too(lint: Lint) -> None:
    lint("scripts")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "torchdet", "lint", "scripts"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
