"""The generated tables against the installed torch, and what is joined to them by hand."""

from __future__ import annotations

import pkgutil

import pytest

from torchdet.torch_api.public_names import classes_of, spelled, star_exports
from torchdet.torch_api.tables import generated_from, generated_rows
from torchdet.torch_api.torch_modules import LOADED_WITH_TORCH, loaded_by_import_alone, on_handle

torch = pytest.importorskip("torch", reason="the tables are written from an installed torch")

from torchdet.dev.generate import DIRECTORY, TABLES, table_text  # noqa: E402 -- imports torch

RELEASE = torch.__version__.partition("+")[0]


def test_every_table_is_there_and_no_other() -> None:
    assert {path.stem for path in DIRECTORY.iterdir()} == set(TABLES)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_table_is_as_it_would_be_written_now(table: str) -> None:
    if generated_from(table) != RELEASE:
        pytest.skip(f"written from torch {generated_from(table)}, and {RELEASE} is installed")
    written = (DIRECTORY / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    assert written == table_text(table).splitlines(), (
        "run `python -m torchdet.dev generate-torch-api`"
    )


@pytest.mark.parametrize("table", ["classes", "exports", "functions", "spellings"])
def test_rows_are_unique(table: str) -> None:
    rows = generated_rows(table)
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("module", ["torch", "torch.nn", "torch.nn.functional", "torch.optim"])
def test_star_exports_are_what_a_star_import_binds(module: str) -> None:
    bound: dict[str, object] = {}
    exec(f"from {module} import *", bound)
    exports = star_exports(module)
    assert exports is not None
    for name, qualified in exports.items():
        assert bound[name] is pkgutil.resolve_name(qualified)


def test_star_exports_of_other_modules_are_not_known() -> None:
    assert star_exports("utils") is None


def test_spellings_mean_the_same_thing() -> None:
    assert pkgutil.resolve_name("torch.serialization.load") is torch.load
    assert spelled("torch.load", "torch.compile") == {
        "torch.load",
        "torch.serialization.load",
        "torch.compile",
    }
    assert spelled("no.such.name") == {"no.such.name"}


def test_classes_come_in_all_spellings() -> None:
    assert {"torch.optim.SGD", "torch.optim.sgd.SGD"} <= classes_of("optimizer")
    assert classes_of("no such kind") == frozenset()


def test_modules_that_every_release_loads_are_loaded_by_this_one() -> None:
    with_torch = {name for name, loaded in generated_rows("modules") if loaded == "with torch"}
    assert with_torch >= LOADED_WITH_TORCH
    assert loaded_by_import_alone().isdisjoint(with_torch)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("torch", "rt.torch"),
        ("torch.nn.functional", "rt.torch.nn.functional"),
        ("torch.utils.tensorboard", 'rt.module("torch.utils.tensorboard")'),
    ],
)
def test_on_handle(module: str, expected: str) -> None:
    assert on_handle(module) == expected
