"""The findings over `fixtures/`, which the README shows, are those of `fixtures_expected.txt`.

After a change that is meant to change them, write the file anew and read what changed:

    torchdet lint --no-cache --quiet --exit-zero --output-format concise \\
        --output-file tests/fixtures_expected.txt fixtures
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = sorted((ROOT / "fixtures").rglob("*.py"))
EXPECTED = (ROOT / "tests" / "fixtures_expected.txt").read_text(encoding="utf-8")


def lint(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torchdet", "lint", "--no-cache", "--quiet"]
    return subprocess.run(
        [*command, "--output-format", "concise", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_findings_are_the_expected_ones() -> None:
    done = lint("fixtures")
    assert done.stdout == EXPECTED
    assert done.returncode == 1, done.stderr


def test_the_readme_begins_with_what_a_first_run_prints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, *shown = re.findall(r"^```console\n(.*?)^```$", readme, re.M | re.S)[0].splitlines()
    words = command.removeprefix("$ torchdet ").split()
    done = subprocess.run(
        [sys.executable, "-m", "torchdet", *words, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = iter(done.stdout.splitlines())
    findings = takewhile(lambda line: not line.startswith("Found"), shown)
    assert all(line in printed for line in findings if line != "...")
    assert re.search(r"DET401|DET508", "\n".join(shown))


@pytest.mark.parametrize("family", ["DET1", "DET2", "DET3", "DET4", "DET5"])
def test_every_family_is_shown(family: str) -> None:
    assert f" {family}" in EXPECTED


def test_clean_code_has_no_finding() -> None:
    # DET402 tells what deterministic mode costs, which no code can help.
    done = lint("--isolated", "--select", "ALL", "--ignore", "DET402", "fixtures/clean")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_fixture_compiles(path: Path) -> None:
    compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python as a user would, in ``folder``, without leaving anything in the repository."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_package_passes_its_own_tests(tmp_path: Path) -> None:
    pytest_options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT / "fixtures" / "tests"))
    source = str(ROOT / "fixtures" / "package" / "src")
    tests = str(ROOT / "fixtures" / "tests")
    done = run(tmp_path, "-m", "pytest", *pytest_options, tests, PYTHONPATH=source)
    assert done.returncode == 0, done.stdout + done.stderr


def test_clean_code_trains_the_same_model_twice(tmp_path: Path) -> None:
    hours = "\n".join(f"{hour},{40000 + 5000 * (hour % 24)}" for hour in range(400))
    (tmp_path / "load.csv").write_text(f"time,load\n{hours}\n", encoding="utf-8")
    script = str(ROOT / "fixtures" / "clean" / "forecast.py")
    weights = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        options = ("load.csv", "--epochs", "2", "--checkpoints", name)
        done = run(tmp_path, script, *options, TORCHDET_DEVICE="cpu")
        assert done.returncode == 0, done.stderr
        weights.append(hashlib.sha256((folder / "forecast.pt").read_bytes()).hexdigest())
    assert weights[0] == weights[1]
