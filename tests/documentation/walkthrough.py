"""Pages that are followed to the letter: files are written, changes made, commands run.

A block with a title is a file (```` ```python title="train.py" ````), or a change to one
(```` ```diff title="train.py" ````). A ``console`` block holds commands after ``$`` and what they
print. There, ``...`` stands for any text within a line, and alone on a line for any lines. A ``sh``
block is for what only a reader can do, such as installing torchdet.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    title: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    for language, title, text in _BLOCK.findall(page):
        yield Block(language, title, text)


def follow(page: str, folder: Path) -> None:
    """Do in ``folder`` what ``page`` says. Raises ``AssertionError`` where it goes otherwise."""
    for block in blocks(page):
        if block.language == "console":
            for command, expected in _COMMAND.findall(block.text):
                check(command, expected, run(command, folder))
        elif block.language == "diff":
            change(folder / block.title, block.text)
        elif block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        else:
            assert block.language == "sh", f"nobody runs this block:\n{block.text}"


def change(path: Path, diff: str) -> None:
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} does not hold once:\n{old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(command: str, folder: Path) -> str:
    """What ``command`` prints, in a shell without the user's own settings."""
    person = {
        f"GIT_{who}_{what}": "reader"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TORCHDET_")}
    done = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        cwd=folder, timeout=600,
        env={
            **kept, **person, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
            "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "NO_COLOR": "1",
        },
    )  # fmt: skip
    return done.stdout


def check(command: str, expected: str, printed: str) -> None:
    lines = (
        r"(?:.*\n)*?" if line == "...\n" else re.escape(line).replace(r"\.\.\.", ".*?")
        for line in expected.splitlines(keepends=True)
    )
    assert re.fullmatch("".join(lines), printed), f"$ {command}\n{printed}"
