"""The tables of the libraries around torch."""

from __future__ import annotations

import pytest

from torchdet.torch_api.libraries import Library, libraries
from torchdet.torch_api.random_numbers import Stream, library_draws, seeding, training_methods

ROLES = {"seeds", "draws", "generator", "trains"}


@pytest.mark.parametrize("library", libraries(), ids=lambda each: each.package)
def test_each_table_is_whole(library: Library) -> None:
    assert library.release[0].isdigit()
    assert library.source.startswith("https://")
    assert {row.role for row in library.rows} <= ROLES
    for row in library.rows:
        assert {Stream(name) for name in row.streams} or row.role in {"generator", "trains"}
        assert "." not in row.name or row.name.startswith(f"{library.package}.")


def test_a_name_with_a_star_is_a_family() -> None:
    found = seeding("transformers.Seq2SeqTrainer")
    assert found is not None
    assert found.always
    assert seeding("transformers.AutoModel") is None


def test_draws_and_training() -> None:
    assert library_draws()["sklearn.utils.shuffle"].stream is Stream.NUMPY
    assert training_methods("lightning") == {"fit"}
    assert not training_methods("sklearn")
