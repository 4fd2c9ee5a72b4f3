"""Programs with one planted difference each, and programs without: line, cause and phase."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.verify.verify_command import QuickVerification
from torchdet.verify.recording_spec import Level

CASES = Path(__file__).parent / "cases"
TORCHRUN = (
    "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1", "--nproc-per-node=2",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A program, and what its first line and the line that ends in ``# HERE`` say.

    The first line is ``# expect: CAUSE [PHASE] [NAME=VALUE ...]``. A value stands somewhere in the
    verdict's value of that name; in ``also`` it is the cause of another finding, and its line ends
    in ``# ALSO``. How to verify say ``level``, ``start=fresh`` (no fork will do), and
    ``start=torchrun`` (on two ranks). ``file`` is where the marks are.
    """

    path: Path
    cause: str
    phase: str
    values: dict[str, str]
    level: Level | None
    start: str
    also: str
    marked: Path

    @classmethod
    def read(cls, path: Path) -> Case:
        match = re.fullmatch(
            r"# expect: (\S+)(?: (forward|backward|optimizer))?(.*)",
            path.read_text().partition("\n")[0],
        )
        assert match, f"{path}:1: expected `# expect: CAUSE [PHASE] [NAME=VALUE ...]`"
        values = dict(word.split("=", 1) for word in match[3].split())
        level = values.pop("level", None)
        return cls(
            path, match[1], match[2] or "",
            level=Level(level) if level else None,
            start=values.pop("start", "fork"),
            also=values.pop("also", ""),
            marked=path.parent / values.pop("file", path.name),
            values=values,
        )  # fmt: skip

    def row(self, mark: str) -> int:
        lines = self.marked.read_text().splitlines()
        (row,) = [row for row, line in enumerate(lines, start=1) if line.endswith(f"# {mark}")]
        return row

    def verdict(self, folder: Path) -> dict[str, object]:
        verification = QuickVerification(
            folder / "traces", self.level, keep_going=bool(self.also), fresh=self.start != "fork"
        )
        if self.start == "torchrun":
            return verification.verdict(sys.executable, *TORCHRUN, self.path)
        return verification.verdict(self.path)


def cases(*, identical: bool) -> list[Case]:
    found = [Case.read(path) for path in sorted(CASES.glob("*.py"))]
    return [case for case in found if (case.cause == "identical") is identical]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the programs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.mark.parametrize("case", cases(identical=False), ids=lambda case: case.path.stem)
def test_the_planted_difference_is_found(case: Case, folder: Path) -> None:
    verdict = case.verdict(folder)
    text = json.dumps(verdict, indent=1)
    first = verdict["first_divergence"]
    assert isinstance(first, dict), text
    location = first["location"]
    assert (first["cause"], first["phase"]) == (case.cause, case.phase), text
    assert (location["filename"], location["row"]) == (str(case.marked), case.row("HERE")), text
    for name, value in case.values.items():
        assert value in str(first[name]), text
    if case.also:
        rows = {each["location"]["row"]: each["cause"] for each in verdict["also"]}
        assert rows[case.row("ALSO")] == case.also, text


@pytest.mark.parametrize("case", cases(identical=True), ids=lambda case: case.path.stem)
def test_an_identical_program_is_called_so(case: Case, folder: Path) -> None:
    verdict = case.verdict(folder)
    assert verdict["identical"] is True, json.dumps(verdict, indent=1)


def test_the_table_is_large_enough() -> None:
    assert len(cases(identical=False)) >= 25
    assert len(cases(identical=True)) >= 10
