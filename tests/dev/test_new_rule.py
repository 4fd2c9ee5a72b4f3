"""The scaffold of a rule: what it writes must pass the tests that every rule has to pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from torchdet.dev.new_rule import NewRuleError, write_rule

ROOT = Path(__file__).parents[2]
SKIPPED = shutil.ignore_patterns("__pycache__", "generated_docs")


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree / "src"), str(tree)])}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tree,
        env=environment,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the tests of the rules need, into which a rule can be written."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=SKIPPED)
    shutil.copytree(ROOT / "tests" / "findings", tmp_path / "tests" / "findings", ignore=SKIPPED)
    for name in ("__init__.py", "pages.py", "rows.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    return tmp_path


def test_a_new_rule_passes_its_tests_as_it_was_written(tree: Path) -> None:
    made = run(tree, "-m", "torchdet.dev", "new-rule", "state/flush-denormal")
    assert made.returncode == 0, made.stderr
    folder = tree / "src" / "torchdet" / "findings" / "state" / "flush_denormal"
    assert {path.name for path in folder.iterdir()} == {"__init__.py", "cases.md", "rule.py"}
    tested = run(
        tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
        "tests/findings/test_pages.py", "-k", "flush-denormal or DET207 or unique or belongs",
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    formatted = run(tree, "-m", "ruff", "format", "--check", "--isolated", "--line-length=100",
                    str(folder))  # fmt: skip
    assert formatted.returncode == 0, formatted.stdout


def test_it_reports_the_function_that_was_asked_for(tmp_path: Path) -> None:
    files = write_rule(
        "state/flush-denormal", reports="torch.set_flush_denormal", findings=tmp_path
    )
    texts = [path.read_text(encoding="utf-8") for path in files]
    assert 'names={"torch.set_flush_denormal": check}' in texts[1]
    assert 'triggers=(b"set_flush_denormal",)' in texts[1]
    assert "torch.set_flush_denormal(3)  # DET2" in texts[2]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("default-dtype", "FAMILY/NAME"),
        ("state/Default_dtype", "FAMILY/NAME"),
        ("states/something", "choose one of devices, handle"),
        ("state/default-dtype", "exists already"),
        ("../state/x", "FAMILY/NAME"),
    ],
)
def test_names_that_cannot_be(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(NewRuleError, match=words):
        write_rule(name, findings=tmp_path)
    assert list(tmp_path.iterdir()) == []
