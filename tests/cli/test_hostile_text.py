"""Names, source code and configuration cannot steer what shows torchdet's output."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.process import torchdet
from torchdet.report import FORMATS

PACKAGE = Path(__file__).parents[2] / "src" / "torchdet"

HOSTILE = "".join(
    (
        *map(chr, range(1, 0x20)),
        *map(chr, range(0x7F, 0xA1)),
        "\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad",
        "\U000e0001\ufff9",
    )
)
ONE_LINE = HOSTILE.replace("\n", "").replace("\r", "")
NAMES = (
    "c\n::error::x.py",
    "::error::y.py",
    " ::warning::z.py",
    "##[error]v.py",
    "\x1b]0;title\x07.py",
    f"{HOSTILE}.py",
)
SOURCE = f"""\
import torch
x = torch.ones(3).cuda()  # {ONE_LINE} ##[error]
'''
::error::in a string
##[error]too
'''
torch.set_default_dtype(torch.float64)
torch.cuda.synchronize()
"""

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="the file system takes no such names"
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose names and contents hold all of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name in (*NAMES, os.fsdecode(b"bytes\xff\x9b31m.py")):
        Path(name).write_text(SOURCE, encoding="utf-8", newline="")
    Path("broken\n::error::.py").write_text("import torch\ntorch.x(\n")
    return tmp_path


def assert_steers_nothing(text: str, *, commands: bool = False, tabs: bool = False) -> None:
    """``commands``: the format consists of workflow commands, whose names are checked apart."""
    for line in text.split("\n"):
        printed = line.replace("\t", " ") if tabs else line
        categories = {unicodedata.category(character) for character in printed}
        assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"}), ascii(line)
        assert commands or not re.match(r"\s*::", line), ascii(line)
        assert commands or re.search(r"##(?:vso)?\[", line) is None, ascii(line)


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = torchdet(*arguments, stdin=stdin)
    assert_steers_nothing(done.stderr)
    return done


@pytest.mark.parametrize("output_format", FORMATS)
def test_every_format_of_findings(output_format: str) -> None:
    done = run("lint", "--output-format", output_format, "--no-cache", "--verbose")
    assert done.returncode == 2
    assert done.stdout.count("DET302") + done.stdout.count("accelerator-method") >= 7
    assert_steers_nothing(done.stdout, commands=output_format == "github")
    if output_format == "github":
        assert set(re.findall(r"^\S*", done.stdout, re.MULTILINE)) == {
            "::error",
            "::warning",
            "::notice",
            "",
        }
    elif output_format == "junit":
        ET.fromstring(done.stdout)
    elif output_format in ("json", "gitlab", "sarif"):
        json.loads(done.stdout)
    if output_format in ("json", "jsonl"):
        rows = json.loads(done.stdout) if output_format == "json" else map(
            json.loads, done.stdout.splitlines()
        )  # fmt: skip
        assert {os.path.basename(row["filename"]) for row in rows} >= set(NAMES)


@pytest.mark.parametrize("options", [("--statistics",), ("--statistics", "--output-format=json")])
def test_statistics(options: tuple[str, ...]) -> None:
    assert_steers_nothing(run("lint", *options).stdout)


def test_baselines() -> None:
    name = "base\n::error::\x1b.json"
    assert_steers_nothing(run("lint", "--write-baseline", name).stdout)
    assert Path(name).exists()
    for path in NAMES:
        Path(path).unlink()
    assert "no longer occur" in run("lint", "--baseline", name).stderr
    Path(name).write_text(json.dumps({"version": "\n::error::\u202e", "findings": {}}))
    assert "version" in run("lint", "--baseline", name).stderr


def test_noqa_comments() -> None:
    assert_steers_nothing(run("lint", "--add-noqa").stdout)


@pytest.mark.parametrize("options", [(), ("--unsafe-fixes",), ("--migrate", "--select=ALL")])
def test_patches(
    options: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shown = run("fix", "--diff", *options)
    assert "\n+" in shown.stdout
    assert_steers_nothing(shown.stdout, tabs=True)
    monkeypatch.delenv("GITHUB_ACTIONS")
    Path("broken\n::error::.py").unlink()
    patch = subprocess.run(
        [sys.executable, "-m", "torchdet", "fix", "--diff", *options],
        capture_output=True,
        check=False,
    ).stdout
    patched = tmp_path_factory.mktemp("patched")
    shutil.copytree(".", patched, dirs_exist_ok=True)
    subprocess.run(["git", "apply", "-p0", "-"], cwd=patched, input=patch, check=True)
    run("fix", *options)
    for path in Path().glob("*.py"):
        assert path.read_bytes() == (patched / path).read_bytes()


def test_migrations() -> None:
    report = Path("report\x1b\n::error::.md")
    assert_steers_nothing(run("fix", "--migrate", "--report", str(report)).stdout)
    assert_steers_nothing(report.read_text())


def test_uncommitted_files() -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    done = run("fix")
    assert "uncommitted" in done.stderr
    assert done.stderr.count("\n") >= 7


CONFIGURATIONS = (
    f"{json.dumps('slect' + HOSTILE)} = 1",
    f"select = [{json.dumps('DET' + HOSTILE)}]",
    f"exclude = [{json.dumps('[' + HOSTILE)}]",
    f"target-devices = [{json.dumps(HOSTILE + '::error::')}]",
    f'[severity]\n{json.dumps(HOSTILE)} = "error"',
    f"[severity]\nDET301 = {json.dumps('##[error]' + HOSTILE)}",
    f"[per-file-ignores]\n{json.dumps('x' + HOSTILE)} = [{json.dumps(HOSTILE)}]",
    'policy = "\u202e\x9b',
    "::error::",
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        *((text, "lint") for text in CONFIGURATIONS),
        *((CONFIGURATIONS[0], command) for command in ("fix", "fix --migrate")),
    ],
)
def test_configuration(text: str, command: str) -> None:
    folder = Path("f\n::error::\x1b")
    folder.mkdir()
    (folder / "torchdet.toml").write_text(text)
    (folder / "a.py").write_text("import torch\n")
    done = run(*command.split(), str(folder))
    assert done.returncode == 2
    assert "torchdet.toml: " in done.stderr
    assert_steers_nothing(done.stdout)


@pytest.mark.parametrize("command", ["lint", "fix", "rule", "catalogue", "doctor", f"c{HOSTILE}"])
def test_usage(command: str) -> None:
    for hostile in ([f"--x{HOSTILE}"], ["::error::", f"##[error]{HOSTILE}"]):
        done = run(command, *hostile)
        assert done.returncode == 2
        assert_steers_nothing(done.stdout)


def test_the_environment_in_the_doctors_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "\n::error::\x1b\u202e")
    for options in ([], ["--json"]):
        done = run("doctor", *options)
        assert "error::" in done.stdout
        assert_steers_nothing(done.stdout)


def test_nothing_else_prints() -> None:
    """Only one module writes to the standard streams, so that nothing goes past it."""
    for path in PACKAGE.joinpath("cli").glob("*.py"):
        if path.name == "_output.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            spelled = ast.unparse(node) if isinstance(node, (ast.Call, ast.Attribute)) else ""
            assert not _PRINTS.match(spelled), f"{path}: {spelled}"


_PRINTS = re.compile(r"(?:print|click\.s?echo|sys\.std\w+\.(?:write|buffer\.write))\b")


@pytest.mark.parametrize(
    "options",
    [("--show-files",), ("--show-settings", *NAMES), ("--diff",), ("--fix", "--unsafe-fixes")],
)
def test_what_lint_shows_beside_findings(options: tuple[str, ...]) -> None:
    shown = run("lint", *options).stdout
    assert shown
    assert_steers_nothing(shown, tabs=True)


@pytest.mark.parametrize("suffix", ["md", "rst", "yaml", "json", "ipynb", "pyi"])
def test_files_of_every_kind(suffix: str) -> None:
    name = f"::error::\x1b{ONE_LINE}.{suffix}"
    Path(name).write_text(
        f"```python\nimport torch\n{SOURCE}```\ndevice: cuda\n", encoding="utf-8", newline=""
    )
    assert_steers_nothing(run("lint", "--isolated", "--include-docs", name).stdout)
