"""Programs with one planted difference each, and programs without: line, cause and phase."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.verify.verify_command import verify

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """A program, and what its first line and the line that ends in ``# HERE`` say."""

    path: Path
    cause: str
    phase: str
    extra: dict[str, str]
    options: tuple[str, ...]
    row: int

    @classmethod
    def read(cls, path: Path) -> Case:
        lines = path.read_text().splitlines()
        match = re.fullmatch(r"# expect: (\S+)(?: (forward|backward|optimizer))?(.*)", lines[0])
        assert match, f"{path}:1: expected `# expect: CAUSE PHASE [NAME=VALUE ...]`"
        extra = dict(word.split("=", 1) for word in match[3].split())
        options = tuple(extra.pop("options", "").replace("+", " ").split())
        rows = [row for row, line in enumerate(lines, start=1) if line.endswith("# HERE")]
        return cls(path, match[1], match[2] or "", extra, options, rows[0] if rows else 0)


def cases(*, identical: bool) -> list[Case]:
    found = [Case.read(path) for path in sorted(CASES.glob("*.py"))]
    return [case for case in found if (case.cause == "identical") is identical]


@pytest.mark.parametrize("case", cases(identical=False), ids=lambda case: case.path.stem)
def test_the_planted_difference_is_found(case: Case, tmp_path: Path) -> None:
    code, verdict, said = verify(*case.options, str(case.path), cwd=case.path.parent)
    assert code == 1, said
    first = verdict["first_divergence"]
    assert isinstance(first, dict), verdict
    found = (first["cause"], first["phase"], first["location"]["row"])
    assert found == (case.cause, case.phase, case.row), json.dumps(verdict, indent=1)
    for name, value in case.extra.items():
        assert value in str(first[name]), json.dumps(verdict, indent=1)


@pytest.mark.parametrize("case", cases(identical=True), ids=lambda case: case.path.stem)
def test_an_identical_program_is_called_so(case: Case, tmp_path: Path) -> None:
    code, verdict, said = verify(*case.options, str(case.path), cwd=case.path.parent)
    assert code == 0, json.dumps(verdict, indent=1) + said
    assert verdict["identical"] is True
