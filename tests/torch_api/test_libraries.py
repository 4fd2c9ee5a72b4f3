"""The tables of the libraries around torch."""

from __future__ import annotations

import pytest

from torchdet.torch_api.libraries import Library, libraries
from torchdet.torch_api.library_arguments import (
    card_arguments,
    kind_arguments,
    library_setters,
)
from torchdet.torch_api.random_numbers import Stream, library_draws, seeding, training_methods
from torchdet.torch_api.switches import DETERMINISM_SWITCHES, PRECISION_SWITCHES

RANDOM_ROLES = {"seeds", "draws"}
TOLD_WHAT_TO_DO = {"card", "kind", "sets", "tunes"}
ROLES = RANDOM_ROLES | TOLD_WHAT_TO_DO | {"generator", "trains"}
FORMS = {"index", "list", "map", "text", "commas"}


@pytest.mark.parametrize("library", libraries(), ids=lambda each: each.package)
def test_each_table_is_whole(library: Library) -> None:
    assert library.release[0].isdigit()
    assert library.source.startswith("https://")
    assert {row.role for row in library.rows} <= ROLES
    for row in library.rows:
        assert bool({Stream(name) for name in row.streams}) is (row.role in RANDOM_ROLES)
        assert bool(row.instead) or row.role not in TOLD_WHAT_TO_DO
        assert "." not in row.name or row.name.startswith(f"{library.package}.")


def test_a_name_with_a_star_is_a_family() -> None:
    found = seeding("transformers.Seq2SeqTrainer")
    assert found is not None
    assert found.always
    assert seeding("transformers.AutoModel") is None


def test_device_rows_are_written_in_the_forms_that_are_known() -> None:
    for rows in card_arguments().values():
        assert all(row.values and row.values <= FORMS for row in rows)
    for rows in kind_arguments().values():
        assert all(row.values for row in rows)


def test_setters_write_switches_that_a_rule_judges() -> None:
    judged = {switch.name for switch in (*DETERMINISM_SWITCHES, *PRECISION_SWITCHES)}
    for setter in library_setters():
        assert {parameter.flag for parameter in setter.parameters} <= judged


def test_a_draw_without_a_condition_always_draws() -> None:
    assert library_draws()["sklearn.utils.shuffle"].flag_default
    assert not library_draws()["sklearn.model_selection.KFold"].flag_default


def test_draws_and_training() -> None:
    assert library_draws()["sklearn.utils.shuffle"].stream is Stream.NUMPY
    assert training_methods("lightning") == {"fit"}
    assert not training_methods("sklearn")
