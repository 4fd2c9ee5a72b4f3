"""Imports come where import sorters want them, and names leave them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edit.test_statements import edit, parse
from torchdet.edit.imports import import_name, imported_as, without_names

MODULES = ["abc", "os", "sys", "typing", "numpy", "torch", "torch.nn", "tqdm", "yaml", "Zebra"]
LOCAL = [".", ".data", "..x", ".torch"]


TOPS = ["", '"""Doc."""\n\n', '"""Doc."""\n\nfrom __future__ import annotations\n\n']


@st.composite
def sorted_imports(draw: st.DrawFn) -> str:
    """A block of imports as isort leaves it: three sections, plain imports first in each."""
    chosen = draw(st.lists(st.sampled_from(MODULES), unique=True))
    sections = []
    for standard in (True, False):
        rows = []
        for module in chosen:
            if (module in sys.stdlib_module_names) is standard:
                froms = draw(st.booleans())
                row = f"from {module} import x" if froms else f"import {module}"
                rows.append((froms, module.lower(), row))
        sections.append("".join(f"{row}\n" for *_, row in sorted(rows)))
    local = sorted(draw(st.lists(st.sampled_from(LOCAL), unique=True)), key=_relative)
    sections.append("".join(f"from {module} import y\n" for module in local))
    block = "\n".join(section for section in sections if section)
    return draw(st.sampled_from(TOPS)) + block


def _relative(module: str) -> tuple[int, str]:
    return -(len(module) - len(module.lstrip("."))), module


def unsorted_rows(text: str, folder: Path) -> str:
    """What ruff says of the order of the imports in ``text``."""
    (folder / "case.py").write_text(text)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "I"]
    ended = subprocess.run(
        [*command, "case.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


@settings(deadline=None, max_examples=40)
@given(sorted_imports(), st.booleans())
def test_what_was_sorted_stays_sorted(
    tmp_path_factory: pytest.TempPathFactory, block: str, for_types: bool
) -> None:
    folder = tmp_path_factory.mktemp("sorted", numbered=True)
    text = f"{block}\nprint(1)\n"
    if unsorted_rows(text, folder):
        return
    facts = parse(text)
    before = len(facts.module.body) - 1
    wanted = ("typing", "TYPE_CHECKING") if for_types else ("torchdet.runtime", "get_torch_handle")
    edits = import_name(facts, *wanted, before=before, beside="" if for_types else "torch")
    after = edit(facts, *edits)
    assert unsorted_rows(after, folder) == ""
    assert imported_as(parse(after), *wanted) == wanted[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from typing import Any, List\n", "from typing import TYPE_CHECKING, Any, List\n"),
        (
            "from typing import (\n    Any,  # all\n)\n",
            "from typing import (\n    TYPE_CHECKING,\n    Any,  # all\n)\n",
        ),
        (
            "from typing import (\n    Any,\n    List,\n)\n",
            "from typing import (\n    TYPE_CHECKING,\n    Any,\n    List,\n)\n",
        ),
        (
            "from typing import (Any,  # all\n    List)\n",
            "from typing import (TYPE_CHECKING, Any,  # all\n    List)\n",
        ),
        ("import typing\n", "import typing\nfrom typing import TYPE_CHECKING\n"),
        ("print(1)\n", "from typing import TYPE_CHECKING\n\nprint(1)\n"),
        ("# Copyright\nprint(1)\n", "# Copyright\nfrom typing import TYPE_CHECKING\n\nprint(1)\n"),
    ],
)  # fmt: skip
def test_a_name_of_typing(before: str, after: str) -> None:
    facts = parse(before)
    assert edit(facts, *import_name(facts, "typing", "TYPE_CHECKING", before=1)) == after


def test_a_long_row_of_names_is_wrapped() -> None:
    names = ", ".join(f"NameNumber{number}" for number in range(5))
    facts = parse(f"from typing import {names}\n")
    after = edit(facts, *import_name(facts, "typing", "TYPE_CHECKING", before=1))
    assert after.startswith("from typing import (\n    TYPE_CHECKING,\n    NameNumber0,\n")


@pytest.mark.parametrize(
    ("before", "gone", "after"),
    [
        ("import a, b as c, d.e\n", {1}, "import a, d.e\n"),
        ("import a\nimport b\n", {0}, "import b\n"),
        ("from .a import b, c as d\n", {0}, "from .a import c as d\n"),
        ("from a import (\n    b,\n    c,\n)\n", {1}, "from a import b\n"),
        ("from a import b\nprint()\n", {0}, "print()\n"),
    ],
)
def test_without_names(before: str, gone: set[int], after: str) -> None:
    facts = parse(before)
    row = facts.module.body[0]
    assert isinstance(row, cst.SimpleStatementLine)
    statement = row.body[0]
    assert isinstance(statement, (cst.Import, cst.ImportFrom))
    assert not isinstance(statement.names, cst.ImportStar)
    aliases = [alias for index, alias in enumerate(statement.names) if index in gone]
    assert edit(facts, without_names(statement, aliases, facts)) == after
