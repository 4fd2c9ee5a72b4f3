from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

from tests.rows import every_row
from torchdet.torch_api.operations import Operation, operations
from torchdet.torch_api.presentation import (
    catalogue_page,
    operation_lines,
    operation_object,
    operation_text,
    releases,
)

ROOT = Path(__file__).parents[2]
ROWS = list(operations().values())


def test_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert page == catalogue_page(operations()), "run `python docs/generate_catalogue.py`"


def test_page_has_one_row_for_each_operation() -> None:
    tables = re.findall(r"^\|.*\|$", catalogue_page(operations()), re.MULTILINE)
    rows = [row for row in tables if not row.startswith(("| operation |", "| --- |"))]
    assert len(rows) == len(ROWS)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}


def test_generator_writes_the_page(tmp_path: Path) -> None:
    script = tmp_path / "generate_catalogue.py"
    script.write_text((ROOT / "docs" / "generate_catalogue.py").read_text(encoding="utf-8"))
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "catalogue.md").read_text(encoding="utf-8") == catalogue_page(operations())


@every_row(ROWS, name=lambda each: each.name)
def test_text_says_all_that_is_asked_in_lines_that_can_be_read(operation: Operation) -> None:
    text = operation_text(operation)
    assert text.startswith(f"{operation.name}\n")
    words = " ".join(text.split())
    for part in (operation.when, operation.instead, operation.source, *operation.spellings):
        assert " ".join(part.split()) in words
    longest = max(len(word) for word in operation.source.split() + list(operation.spellings))
    assert max(map(len, text.splitlines())) <= max(100, longest + 20)


@every_row(ROWS, name=lambda each: each.name)
def test_object_is_plain_data(operation: Operation) -> None:
    plain = operation_object(operation)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["name"] == operation.name


def test_lines_are_columns() -> None:
    lines = operation_lines(ROWS).splitlines()
    assert len(lines) == len(ROWS)
    assert (
        len({line.index(operation.name) for line, operation in zip(lines, ROWS, strict=True)}) <= 3
    )


def test_releases_are_given_with_their_bounds() -> None:
    assert releases(operations()["interpolate trilinear (before 2.8)"]).startswith("before 2.8 (")
    assert releases(operations()["interpolate trilinear"]).startswith("from 2.8 on (")
    assert releases(operations()["avg_pool3d"]) == "all that were looked at"
