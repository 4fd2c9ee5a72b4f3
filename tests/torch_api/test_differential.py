"""That a catalogue that is wrong about torch is found out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="disagreements with an installed torch")

import torch

from tests.torch_api.differential import disagreements, entries_shown, is_to_run
from tests.torch_api.observation import global_state_kept
from tests.torch_api.recipe import Claim, Operation, Run

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def settings_of_torch() -> Iterator[None]:
    with global_state_kept():
        yield


def recipe(entry: str, run: Run, *, reaches: tuple[str, ...] = ()) -> Operation:
    return Operation((entry,), "as the test wants it", run, reaches=reaches)


def put(device: torch.device) -> torch.Tensor:
    return torch.zeros(3, device=device).put_(
        torch.tensor([0], device=device), torch.ones(1, device=device)
    )


def zeros(device: torch.device) -> torch.Tensor:
    return torch.zeros(3, device=device)


def test_what_agrees_is_silent() -> None:
    assert disagreements(recipe("put_ accumulate=False", put), CPU) == []


def test_an_operation_that_runs_where_an_error_is_announced() -> None:
    assert disagreements(recipe("put_ accumulate=False", zeros), CPU) == [
        "the catalogue says that it raises, and it ran"
    ]


@pytest.mark.parametrize("entry", ["scatter value", "take backward", "unique unsorted"])
def test_an_error_that_no_entry_announces(entry: str) -> None:
    (found,) = disagreements(recipe(entry, put), CPU)
    assert found.startswith("the catalogue says nothing of an error, and torch raised: put_ does")


def test_bits_that_differ_in_deterministic_mode() -> None:
    counter = iter(range(99))
    run = recipe("index_copy", lambda device: torch.tensor(next(counter)))
    assert disagreements(run, CPU) == ["two runs in deterministic mode gave different bits"]


def test_memory_that_is_not_filled() -> None:
    assert disagreements(recipe("empty family", zeros), CPU) == [
        "the catalogue says that memory is filled, and some of it was not"
    ]


def test_an_operator_that_is_not_reached() -> None:
    found = disagreements(recipe("scatter value", zeros, reaches=("scatter",)), CPU)
    assert found == ["never dispatches to scatter"]


def test_evidence_is_of_the_devices_that_an_entry_speaks_of() -> None:
    operation = recipe("avg_pool3d", zeros)
    assert entries_shown(operation, CPU) == []
    assert entries_shown(operation, CUDA) == ["avg_pool3d"]
    assert is_to_run(operation, CPU)
    neighbour = Operation(("avg_pool3d",), "beside it", zeros, condition_met=False)
    assert entries_shown(neighbour, CUDA) == []


def test_entries_of_other_releases_say_nothing_of_this_one() -> None:
    assert entries_shown(recipe("kthvalue (before 2.10)", zeros), CUDA) == []
    assert not is_to_run(recipe("kthvalue (mps)", zeros), CUDA)


def test_the_way_to_a_kernel_is_no_evidence_of_what_it_does() -> None:
    for shows_entry, shown in ((True, ["cumsum"]), (False, [])):
        claim = Claim(("cumsum",), "", lambda device: None, shows_entry=shows_entry)
        assert entries_shown(claim, CPU) == shown
        assert not is_to_run(claim, CUDA)
