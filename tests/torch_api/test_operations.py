"""The catalogue of operations: its schema, and its names against the torch that is installed."""

from __future__ import annotations

import builtins
import csv
import io
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rows import every_row
from tests.torch_api.without_recipe import READ_ONLY
from torchdet.torch_api import operations as catalogue
from torchdet.torch_api.condition_language import arguments_of, can_be_told
from torchdet.torch_api.operations import (
    COLUMNS,
    Behaviour,
    CatalogueError,
    IfUnknown,
    Operation,
    OperationDevice,
    OperationKind,
    operations,
    read_operations,
)
from torchdet.torch_api.signatures import signature_of, spelled_parameters

ROWS = list(operations().values())
GOOD = {
    "name": "pooling",
    "kind": "op",
    "spellings": "torch.nn.functional.interpolate",
    "pass": "backward",
    "devices": "cuda;xpu",
    "condition": "mode == 'area'",
    "if-unknown": "silent",
    "when": "`mode` is area",
    "behaviour": "errors",
    "instead": "something else",
    "replacement": "",
    "replace-when": "",
    "replacement-is": "",
    "since": "2.6",
    "until": "2.13",
    "history": "",
    "source": "a document",
    "evidence": "documented:2.13.0;cuda:2.13.0:NVIDIA H200",
}
# Gone from torch, and in the catalogue for that reason.
REMOVED = {"torch.set_deterministic", "torch.is_deterministic"}


def table(*rows: dict[str, str], heading: tuple[str, ...] = COLUMNS) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([[row[column] for column in COLUMNS] for row in rows])
    return text.getvalue()


def test_a_good_row_is_read() -> None:
    (operation,) = read_operations(table(GOOD)).values()
    assert operation.devices == (OperationDevice.CUDA, OperationDevice.XPU)
    assert (operation.since, operation.until) == ((2, 6), (2, 13))
    assert operation.evidence[1].machine == "NVIDIA H200"


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("name", "", "a text"),
        ("name", " pooling", "a text without space around it"),
        ("kind", "operation", "one of dataloader, env, flag"),
        ("spellings", "", "different dotted names"),
        ("spellings", "torch.a, torch.b", "different dotted names"),
        ("spellings", "torch.a;torch.a", "different dotted names"),
        ("pass", "forwards", "one of backward, both, forward"),
        ("devices", "cuda|cpu", "one of any, cpu, cuda"),
        ("devices", "xpu;cuda", "sorted device types"),
        ("devices", "any;cpu", "`any` alone"),
        ("condition", "mode = 'area'", "a condition"),
        ("condition", "mode == area", "a string, a number"),
        ("if-unknown", "maybe", "one of report, silent"),
        ("when", "", "a text"),
        ("behaviour", "raises", "one of errors, fills, silent"),
        ("instead", "", "a text"),
        ("replace-when", "True", "nothing, as there is no replacement"),
        ("replacement-is", "same", "nothing, as there is no replacement"),
        ("since", "2", "a release such as 2.13"),
        ("until", "2.13.0", "a release such as 2.13"),
        ("until", "2.6", "a release after `since`"),
        ("source", "", "a text"),
        ("evidence", "seen", "one of cpu, cuda, documented"),
        ("evidence", "cuda:", "kind:release:machine"),
    ],
)
def test_a_malformed_cell_is_refused_with_row_column_and_what_was_expected(
    column: str, cell: str, expected: str
) -> None:
    bad = {**GOOD, "name": "other", column: cell}
    with pytest.raises(CatalogueError) as error:
        read_operations(table(GOOD, bad))
    assert str(error.value).startswith("row 3 (")
    assert f", {column}: expected " in str(error.value)
    assert expected in str(error.value)


def test_rows_of_other_shapes_are_refused() -> None:
    with pytest.raises(CatalogueError, match="row 1: the heading must be name,kind"):
        read_operations(table(heading=("name",)))
    with pytest.raises(CatalogueError, match="row 2: 1 cells instead of 18"):
        read_operations(table() + "pooling\n")
    with pytest.raises(CatalogueError, match="row 3, name: 'pooling' stands there twice"):
        read_operations(table(GOOD, GOOD))


@every_row(ROWS, name=lambda each: each.name)
def test_conditions_ask_for_arguments_that_every_spelling_has(operation: Operation) -> None:
    asked = set(arguments_of(operation.condition))
    if operation.replacement is not None:
        asked |= arguments_of(operation.replacement.condition)
    for spelling in operation.spellings:
        signature = signature_of(spelling)
        missing = {name for name in asked if signature is None or name not in signature}
        assert not missing, f"signatures.csv does not give {spelling} {sorted(missing)}"


@every_row(ROWS, name=lambda each: each.name)
def test_row_is_consistent(operation: Operation) -> None:
    assert operation.evidence
    if operation.if_unknown is IfUnknown.REPORT:
        assert arguments_of(operation.condition) or can_be_told(operation.condition)
    if operation.behaviour is Behaviour.ERRORS:
        assert operation.instead != "none needed"
    assert "|" not in operation.when + operation.instead


def test_names_are_unique_but_for_case() -> None:
    assert len({operation.name.casefold() for operation in ROWS}) == len(ROWS)


def test_signatures_are_sorted_and_all_of_them_are_used() -> None:
    spellings = list(spelled_parameters())
    assert spellings == sorted(set(spellings))
    used = {spelling for operation in ROWS for spelling in operation.spellings}
    assert set(spellings) <= used


def spellings() -> Iterator[tuple[str, OperationKind]]:
    for operation in ROWS:
        for spelling in operation.spellings:
            yield spelling, operation.kind


@every_row(sorted({name for name, _ in spellings()}))
def test_spelling_resolves(spelling: str) -> None:
    pytest.importorskip("torch", reason="names are checked against an installed torch")
    package = spelling.partition(".")[0]
    if package == spelling:
        assert spelling.isupper(), "only environment variables have no dots"
        return
    if package == "torchvision":
        pytest.importorskip("torchvision")
    if package in READ_ONLY:
        pytest.skip(f"{package} needs CUDA to be imported; its rows were read from its source")
    if spelling in REMOVED:
        with pytest.raises(AttributeError):
            pkgutil.resolve_name(spelling)
        return
    if package == "os" and not hasattr(os, spelling.partition(".")[2]):
        pytest.skip("another operating system has it")
    if package == "builtins":
        assert hasattr(builtins, spelling.partition(".")[2])
        return
    pkgutil.resolve_name(spelling)


def test_the_file_is_read_as_it_stands() -> None:
    path = Path(catalogue.__file__).with_name("operations.csv")
    assert list(read_operations(path.read_text(encoding="utf-8"))) == list(operations())


@pytest.mark.parametrize(
    ("oldest", "expected"), [((2, 6), True), ((2, 7), True), ((2, 8), False), ((2, 13), False)]
)
def test_a_row_that_ended_does_not_hold_for_later_releases(
    oldest: tuple[int, int], expected: bool
) -> None:
    assert operations()["interpolate trilinear (before 2.8)"].holds_from(oldest) is expected
