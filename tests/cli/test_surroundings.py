"""What torchdet prints and writes depends on the code, not on where or as whom it runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

CODE = "import torch\n\ntorch.cuda.synchronize()\nx = torch.zeros(3).cuda()  # é, 漢\n"
COMMANDS = """
import contextlib, os, sys
from torchdet.__main__ import main
sys.argv, words = ["torchdet"], sys.argv
if hasattr(os, "sched_setaffinity") and "one" in words:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
if "private" in words:
    os.umask(0o077)
for command in (
    "lint --exit-zero --output-format json --no-cache .",
    "lint --exit-zero .",
    "fix --diff .",
    "fix --migrate --diff .",
    "rule DET301",
):
    sys.argv[1:] = command.split()
    try:
        main()
    except SystemExit as end:
        print(command, "ended with", end.code, flush=True)
"""
SURROUNDINGS = {
    "nobody": {"HOME": "", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "1"},
    "ascii": {
        "HOME": os.devnull, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
        "TERM": "", "PYTHONHASHSEED": "2",
    },
    "ci": {
        "LC_ALL": "tr_TR.ISO-8859-9", "COLUMNS": "20", "LINES": "2", "TERM": "dumb", "CI": "true",
        "GITHUB_ACTIONS": "true", "NO_COLOR": "1", "FORCE_COLOR": "1",
    },
    "wide": {"COLUMNS": "500", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_TARGET": "elsewhere"},
    "strict": {"PYTHONWARNINGS": "error", "PYTHONWARNDEFAULTENCODING": "1"},
    "bare": {
        "PYTHONOPTIMIZE": "1", "PYTHONDONTWRITEBYTECODE": "1", "TORCHDET_DEVICE": "cuda:9",
        "TORCHDET_SEED": "x", "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1",
    },
}  # fmt: skip
# Without `site`: Python before 3.13 reads the paths in .pth files in the locale's encoding, and
# does not start where a virtual environment's own path is outside of it.
PACKAGES = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
_ESCAPE = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}")


def meant(escape: re.Match[str]) -> str:
    return escape[0].encode().decode("unicode_escape")


def outputs(
    folder: Path, environment: Mapping[str, str], *words: str
) -> tuple[list[str], list[str]]:
    """What the commands print in a project at ``folder``, which they must leave as it is."""
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(CODE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-S", "-c", COMMANDS, *words],
        cwd=folder, env={**os.environ, **PACKAGES, **environment}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert [path.name for path in folder.iterdir()] == ["model.py"]
    return done.stdout.decode().splitlines(), done.stderr.decode().splitlines()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    stdout, stderr = outputs(tmp_path_factory.mktemp("usual") / "project", {})
    assert "é, 漢" in "".join(stdout)
    return stdout, stderr


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_output_is_the_same(
    name: str, expected: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    words = {"nobody": ("one", "private")}.get(name, ())
    found = outputs(tmp_path / "project", SURROUNDINGS[name], *words)
    if name == "ascii":
        found = ([_ESCAPE.sub(meant, line) for line in found[0]], found[1])
    assert found == expected


@pytest.mark.parametrize(
    "place", ["torchdet", "caf\u00e9 a/torch", "tests", "venv/build/site-packages/node_modules/x"]
)
def test_the_name_of_the_folder_around_a_project_says_nothing(
    place: str, expected: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    assert outputs(tmp_path / place, {}) == expected
