"""``torchdet lint`` as a user runs it: a process, its output and its exit code."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.process import fresh_torchdet, torchdet
from tests.patience import PATIENCE
from tests.unprivileged import public_folder, unprivileged
from torchdet.cli.lint import lint as lint_command

BAD = "import torch\n\ntorch.set_default_dtype(torch.float64)\n"
CLEAN = "def total(values):\n    return sum(values)\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    Path("torchdet.toml").write_text("select = ['DET202']\n")
    Path("bad.py").write_text(BAD)
    Path("clean.py").write_text(CLEAN)
    return tmp_path


def lint(*arguments: str, **keywords: str) -> subprocess.CompletedProcess[str]:
    return torchdet("lint", "--output-format", "concise", "-q", *arguments, **keywords)


def test_exit_codes() -> None:
    assert lint("clean.py").returncode == 0
    assert lint("bad.py").returncode == 1
    assert lint("bad.py", "--exit-zero").returncode == 0
    assert lint("nowhere.py").returncode == 2
    assert lint("clean.py", "--select", "DET999").returncode == 2
    assert lint("--no-such-option").returncode == 2
    Path("broken.py").write_text("set_default_dtype(\n")
    assert lint("broken.py", "--exit-zero").returncode == 2


def test_what_is_only_likely_can_be_left_out() -> None:
    Path("torchdet.toml").write_text("select = ['DET404']\n")
    Path("likely.py").write_text(
        "import torch\n\n\ndef start(state):\n    if state is None:\n"
        "        state = torch.empty(3)\n    return state + 1\n"
    )
    assert lint("likely.py").stdout.endswith("(likely)\n")
    assert lint("likely.py", "--min-confidence", "likely").returncode == 1
    assert lint("likely.py", "--min-confidence", "certain").returncode == 0
    Path("torchdet.toml").write_text("select = ['DET404']\nmin-confidence = 'certain'\n")
    assert lint("likely.py").returncode == 0
    assert lint("likely.py", "--min-confidence", "likely").returncode == 1
    assert lint("likely.py", "--min-confidence", "sure").returncode == 2


def test_the_current_folder_is_the_default() -> None:
    done = lint()
    assert done.returncode == 1
    assert [line.split(":")[:3] for line in done.stdout.splitlines()] == [["bad.py", "3", "1"]]


def test_a_missing_path_is_named_and_the_rest_is_checked() -> None:
    done = lint("nowhere.py", "bad.py")
    assert done.returncode == 2
    assert "nowhere.py" in done.stdout
    assert "no such file" in done.stdout
    assert "bad.py:3:1" in done.stdout


def test_standard_input_and_its_name() -> None:
    Path("kit").mkdir()
    Path("kit/torchdet.toml").write_text("select = ['DET202']\n[severity]\nDET202 = 'info'\n")
    done = torchdet(
        "lint", "-", "--stdin-filename", "kit/a.py", "--output-format", "json", stdin=BAD
    )
    [finding] = json.loads(done.stdout)
    assert (finding["filename"], finding["severity"]) == ("kit/a.py", "info")
    assert done.returncode == 0
    assert torchdet("lint", "-", "bad.py", stdin=BAD).returncode == 2
    assert torchdet("lint", "-", stdin=b"").returncode == 0


def test_select_replaces_and_ignore_takes_away() -> None:
    Path("torchdet.toml").write_text("select = ['DET202']\nignore = ['DET101', 'DET203']\n")
    assert lint("bad.py", "--select", "DET203").stdout == ""
    assert "DET101" in lint("bad.py", "--select", "DET1,DET202").stdout
    assert lint("bad.py", "--ignore", "default-dtype").stdout == ""
    assert "DET101" in lint("bad.py", "--extend-select", "raw-import").stdout
    # However narrow what the configuration selects is, the command line has the last word.
    assert lint("bad.py", "--ignore", "DET2").stdout == ""
    assert "DET202" in lint("bad.py", "--ignore", "DET", "--extend-select", "DET202").stdout


def test_an_unknown_code_names_the_nearest() -> None:
    done = lint("bad.py", "--select", "defualt-dtype")
    assert "did you mean 'default-dtype'?" in done.stderr
    Path("torchdet.toml").write_text("ignore = ['DET2O2']\n")
    done = lint("bad.py")
    assert done.returncode == 2
    assert "torchdet.toml" in done.stderr
    assert "DET2O2" in done.stderr


def test_a_bad_configuration_stops_the_run_with_its_place() -> None:
    Path("torchdet.toml").write_text("slect = []\n")
    done = lint("bad.py")
    assert done.returncode == 2
    assert "unknown key 'slect'; did you mean 'select'?" in done.stderr
    assert lint("bad.py", "--isolated", "--select", "DET202").returncode == 1


def test_config_option_names_the_file_to_use() -> None:
    Path("other.toml").write_text("select = ['DET203']\n")
    assert lint("bad.py", "--config", "other.toml").returncode == 0
    assert lint("bad.py", "--config", "other.toml", "--isolated").returncode == 2
    assert lint("bad.py", "--config", "nowhere.toml").returncode == 2


def test_patterns_of_a_named_configuration_are_relative_to_the_current_folder() -> None:
    Path("conf").mkdir()
    Path("conf/shared.toml").write_text(
        "select = ['DET202']\n[per-file-ignores]\n'bad.py' = ['DET202']\n"
    )
    assert lint("bad.py", "--config", "conf/shared.toml").returncode == 0


def test_per_file_ignores() -> None:
    Path("tests").mkdir()
    Path("tests/test_a.py").write_text(BAD)
    Path("torchdet.toml").write_text(
        "select = ['DET202']\n[per-file-ignores]\n'tests/*' = ['DET2']\n"
    )
    assert [line.split(":")[0] for line in lint(".").stdout.splitlines()] == ["bad.py"]


@pytest.mark.parametrize("pattern", ["!bad.py", "./tests/test_a.py", "{docs,tests}/**", "test_*"])
def test_patterns_of_per_file_ignores(pattern: str) -> None:
    Path("tests").mkdir()
    Path("tests/test_a.py").write_text(BAD)
    Path("torchdet.toml").write_text(
        f"select = ['DET202']\n[per-file-ignores]\n'{pattern}' = ['DET2']\n"
    )
    assert [line.split(":")[0] for line in lint(".").stdout.splitlines()] == ["bad.py"]


def test_an_empty_selection_selects_nothing() -> None:
    Path("torchdet.toml").write_text("select = []\n")
    assert lint("bad.py").returncode == 0
    Path("torchdet.toml").write_text("select = []\nextend-select = ['DET202']\n")
    assert lint("bad.py").stdout.count("DET") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [""],
        ["--select", ","],
        ["--quiet", "--verbose"],
        ["--add-noqa", "--write-baseline", "b.json"],
        ["-", "--add-noqa"],
        ["-", "--write-baseline", "b.json"],
        ["bad.py", "--stdin-filename", "a.py"],
    ],
)
def test_usage_that_contradicts_itself(arguments: list[str]) -> None:
    done = torchdet("lint", *arguments, stdin=BAD)
    assert (done.stdout, done.returncode) == ("", 2)
    assert "Error: " in done.stderr
    assert not Path("b.json").exists()


def test_output_file() -> None:
    done = torchdet("lint", "bad.py", "--output-format", "json", "--output-file", "out.json")
    assert (done.stdout, done.returncode) == ("", 1)
    assert json.loads(Path("out.json").read_text())[0]["code"] == "DET202"
    done = torchdet("lint", "bad.py", "--output-file", "no/such/folder.json")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    done = torchdet("lint", "bad.py", "--write-baseline", "no/such/folder.json")
    assert done.returncode == 2
    assert "no/such/folder.json: cannot be written" in done.stderr


def test_statistics() -> None:
    assert torchdet("lint", "--statistics").stdout.split() == ["1", "DET202", "default-dtype"]


def test_nothing_but_findings_on_standard_output() -> None:
    done = torchdet("lint", "--verbose", "bad.py", "--output-format", "json")
    json.loads(done.stdout)
    assert "1 file in" in done.stderr


def test_no_python_files_is_said() -> None:
    Path("empty").mkdir()
    done = torchdet("lint", "empty")
    assert done.returncode == 0
    assert "no Python files" in done.stderr


def test_baseline_round_trip() -> None:
    assert lint("--write-baseline", "baseline.json").returncode == 0
    assert lint("--baseline", "baseline.json").returncode == 0
    Path("bad.py").write_text("# moved\n\n" + BAD + "torch.set_default_dtype(None)\n")
    done = lint("--baseline", "baseline.json")
    assert [line.split(":")[1] for line in done.stdout.splitlines()] == ["6"]
    Path("bad.py").unlink()
    done = torchdet("lint", "--baseline", "baseline.json")
    assert done.returncode == 0
    assert "no longer occur" in done.stderr
    assert torchdet("lint", "--baseline", "baseline.json", "--select", "DET203").stderr == ""
    Path("baseline.json").write_text("{}")
    assert lint("--baseline", "baseline.json").returncode == 2


def test_a_baseline_holds_from_any_folder_and_for_any_part() -> None:
    Path("kit/inner").mkdir(parents=True)
    for path in ("kit/a.py", "kit/inner/b.py"):
        Path(path).write_text(BAD)
    assert lint("kit", "--write-baseline", "kit/baseline.json").returncode == 0
    for folder, baseline, paths in (
        (".", "kit/baseline.json", ["kit/inner", str(Path("kit/a.py").absolute())]),
        ("kit/inner", "../baseline.json", ["b.py", "../a.py"]),
    ):
        for path in paths:
            command = [sys.executable, "-m", "torchdet", "lint", "--baseline", baseline, path]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")


def test_add_noqa_silences_the_run_and_keeps_the_file() -> None:
    Path("latin.py").write_bytes("# coding: latin-1\r\n# é\r\n".encode("latin-1") + BAD.encode())
    done = lint("--add-noqa")
    assert done.returncode == 0
    assert Path("bad.py").read_text() == BAD.rstrip() + "  # noqa: DET202\n"
    assert Path("latin.py").read_bytes().startswith(b"# coding: latin-1\r\n# \xe9\r\n")
    assert lint().returncode == 0


def test_add_noqa_silences_no_idle_comment() -> None:
    Path("idle.py").write_text("import torch\nx = 1  # noqa: DET202\n")
    done = lint("idle.py", "--extend-select", "DET902", "--add-noqa")
    assert "for 0 findings" in done.stderr
    assert Path("idle.py").read_text() == "import torch\nx = 1  # noqa: DET202\n"


def test_the_cache_is_used_and_never_stale() -> None:
    first = lint("bad.py")
    assert any(Path(".cache").rglob("*"))
    assert lint("bad.py").stdout == first.stdout
    Path("bad.py").write_text("\n" + BAD)
    assert "bad.py:4:1" in lint("bad.py").stdout
    Path("torchdet.toml").write_text("select = ['DET203']\n")
    assert lint("bad.py").stdout == ""


def test_a_damaged_cache_entry_costs_nothing() -> None:
    first = lint("bad.py")
    for entry in Path(".cache").rglob("*"):
        if entry.is_file():
            entry.write_bytes(b"\x80garbage")
    assert lint("bad.py").stdout == first.stdout


def many_files(count: int) -> None:
    Path("torchdet.toml").write_text("")
    padding = "".join(f"def f{i}():\n    torch.set_default_dtype({i})\n\n" for i in range(400))
    for number in range(count):
        Path(f"m{number}.py").write_text(f"import torch\n\n{padding}")


def test_output_is_the_same_whatever_the_processes_and_the_hash_seed() -> None:
    many_files(40)
    outputs = {
        lint("--no-cache", "--jobs", jobs, PYTHONHASHSEED=seed).stdout
        for jobs, seed in (("1", "0"), ("2", "1"), ("3", "2"))
    }
    assert len(outputs) == 1
    assert outputs.pop().count("\n") > 1000


def test_a_reader_that_goes_away_is_no_error() -> None:
    many_files(10)
    command = [sys.executable, "-m", "torchdet", "lint", "--output-format", "concise"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=PATIENCE)


def children(parent: int) -> list[int]:
    numbers = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may have ended by now
            if path.read_text().rpartition(")")[2].split()[1] == str(parent):
                numbers.append(int(path.parent.name))
    return numbers


def start_and_wait_for_processes() -> tuple[subprocess.Popen[bytes], list[int]]:
    """A run over many files that has two processes at work."""
    command = [sys.executable, "-m", "torchdet", "lint", "--no-cache", "--jobs", "2"]
    run = subprocess.Popen(
        [*command, "--output-format", "concise", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while len(workers := children(run.pid)) < 2:
        assert run.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)  # for them to be in the middle of a file, or of a result
    return run, workers


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_ends_the_run_and_its_processes(whole_group: bool) -> None:
    many_files(300)
    run, _ = start_and_wait_for_processes()
    (os.killpg if whole_group else os.kill)(run.pid, signal.SIGINT)
    _, stderr = run.communicate(timeout=PATIENCE)  # returns when every process has closed the pipes
    assert run.returncode == 130
    assert stderr.decode().strip() == "torchdet: interrupted"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_run(number: signal.Signals) -> None:
    many_files(300)
    run, _ = start_and_wait_for_processes()
    os.kill(run.pid, number)
    assert run.communicate(timeout=PATIENCE) == (b"", b"")
    assert run.returncode == -number


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
def test_a_process_that_is_killed_costs_nothing() -> None:
    many_files(40)
    run, workers = start_and_wait_for_processes()
    os.kill(workers[0], signal.SIGKILL)
    stdout, stderr = run.communicate(timeout=PATIENCE)
    assert (run.returncode, stderr) == (1, b"")
    assert stdout.decode() == lint("--no-cache", "--jobs", "1").stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="file names as bytes")
def test_a_file_name_that_is_no_text() -> None:
    path = os.fsdecode(b"bad\xff.py")
    Path(path).write_text(BAD)
    done = lint(path)
    assert done.returncode == 1
    assert "DET202" in done.stdout


def test_linting_executes_nothing_of_the_project() -> None:
    trap = "raise SystemExit('executed')\n"
    Path("torch.py").write_text(trap)
    Path("conftest.py").write_text(trap)
    Path("sitecustomize.py").write_text(trap + BAD)
    Path("platformdirs.py").write_text(trap)
    Path("tomllib.py").write_text(trap)
    assert fresh_torchdet("lint", ".").returncode == 1


def closed(stream: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``torchdet`` with a standard stream closed, as ``>&-`` does it."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {stream}>&-', "sh", sys.executable, "-m", "torchdet", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shell")
def test_closed_streams() -> None:
    assert closed(0, "lint", "bad.py").returncode == 1
    assert "standard input is closed" in closed(0, "lint", "-").stderr
    done = closed(1, "lint", "bad.py", "--output-file", "out.txt")
    assert (done.returncode, done.stderr) == (1, "")
    assert "DET202" in Path("out.txt").read_text()
    assert closed(1, "lint", "bad.py").returncode == 1
    assert closed(2, "lint", "bad.py").returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("arguments", [["lint"], ["lint", "--help"], ["rule", "--all"]])
def test_a_full_disk_is_said(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "torchdet", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "Error: standard output cannot be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_may_not_be_read_is_a_finding_and_the_rest_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with public_folder() as folder:
        monkeypatch.chdir(folder)
        Path("bad.py").write_text(BAD)
        Path("secret.py").write_text(BAD)
        Path("secret.py").chmod(0)
        Path("closed").mkdir(mode=0)
        arguments = ["--no-cache", "--output-format", "concise", "-q"]
        arguments += ["--select", "DET202", "closed", "secret.py", "bad.py"]
        # Once with all rights, to import what the other user may be unable to read.
        CliRunner().invoke(lint_command, arguments, standalone_mode=False)
        with unprivileged():
            result = CliRunner().invoke(lint_command, arguments, standalone_mode=False)
        monkeypatch.undo()
    assert result.return_value == 2
    places = [line.split(" ", 2) for line in result.output.splitlines()]
    assert [place[:2] for place in places] == [
        ["bad.py:3:1:", "DET202"],
        ["closed:1:1:", "DET901"],
        ["secret.py:1:1:", "DET901"],
    ]


def test_a_current_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    command = f'cd gone && rmdir ../gone && exec "{sys.executable}" -m torchdet lint .'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: the current folder cannot be found")


def test_a_terminal_in_another_encoding_ends_no_run() -> None:
    Path("umlaut.py").write_text(BAD.rstrip() + "  # größer\n", encoding="utf-8")
    done = torchdet("lint", "umlaut.py", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "gr\\xf6\\xdfer" in done.stdout
