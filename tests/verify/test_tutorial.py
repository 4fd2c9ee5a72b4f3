"""``docs/verify.md`` says what the commands say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def said(folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "torchdet", "verify", "-q", "train.py"],
        capture_output=True, text=True, check=False, cwd=folder, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return run.stdout


def test_the_page_leads_from_the_question_to_the_mended_line(tmp_path: Path) -> None:
    (program,), (change,) = blocks("python"), blocks("diff")
    diverged, identical = (text.partition("\n")[2] for text in blocks("console"))
    (tmp_path / "train.py").write_text(program)
    head, tail = diverged.split("...\n")
    text = said(tmp_path)
    assert text.startswith(head)
    assert text.endswith(tail)
    old, new = (line[1:] for line in change.splitlines())
    assert old in program
    (tmp_path / "train.py").write_text(program.replace(old, new))
    assert said(tmp_path) == identical
