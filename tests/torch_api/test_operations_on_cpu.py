"""The catalogue against what torch does on the CPU, in deterministic mode and without it.

Whether bits vary without deterministic mode is looked at, never demanded: a race may be won by
the same thread each time.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="the catalogue is checked against an installed torch")

import torch  # after torch is known to be there

from tests.torch_api.differential import (
    INSTALLED,
    disagreements,
    entries_shown,
    is_to_run,
)
from tests.torch_api.observation import (
    deterministic_algorithms,
    digest,
    global_state_kept,
    observe,
    operators_on_cuda,
)
from tests.torch_api.recipe import (
    Claim,
    NothingToSeeError,
    Operation,
    all_claims,
    all_operations,
    all_recipes,
    recipes_by_entry,
)
from tests.torch_api.recipes_memory import fill_memory, is_filled
from tests.torch_api.without_recipe import WITHOUT_RECIPE
from torchdet.torch_api.operations import EvidenceKind, operations

CPU = torch.device("cpu")

pytestmark = pytest.mark.skipif(
    INSTALLED < (2, 13), reason="the catalogue says what torch 2.13 does, and older ones differ"
)


def title(recipe: Operation | Claim) -> str:
    return f"{recipe.entries[0]}: {recipe.name}"


@pytest.fixture(autouse=True)
def settings_of_torch() -> Iterator[None]:
    with global_state_kept():
        yield


def test_every_entry_has_a_recipe_or_a_reason_for_having_none() -> None:
    covered = set(recipes_by_entry())
    assert not covered & set(WITHOUT_RECIPE)
    assert covered | set(WITHOUT_RECIPE) == set(operations())


def test_entries_that_were_seen_have_a_recipe_that_shows_them() -> None:
    """What a row says about the CPU was recorded from these recipes, and no row by hand."""
    shown = {
        entry
        for recipe in all_recipes()
        if is_to_run(recipe, CPU)
        for entry in entries_shown(recipe, CPU)
    }
    recorded = {
        name
        for name, row in operations().items()
        if any(item.kind is EvidenceKind.CPU for item in row.evidence)
    }
    assert recorded == shown


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("recipe", all_operations(), ids=title)
def test_operation_does_what_its_entries_say(recipe: Operation) -> None:
    assert disagreements(recipe, CPU) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "recipe", [recipe for recipe in all_claims() if is_to_run(recipe, CPU)], ids=title
)
def test_claim_holds(recipe: Claim) -> None:
    try:
        recipe.check(CPU)
    except NothingToSeeError as reason:
        pytest.skip(str(reason))


class TestObservation:
    """What watches torch sees what is there to see."""

    def test_an_alert_is_seen_in_both_modes(self) -> None:
        seen = observe(lambda device: torch.zeros(3).put_(torch.tensor([0]), torch.ones(1)), CPU)
        assert seen.alert is not None
        assert seen.alert.startswith("put_ does not have a deterministic implementation")
        assert seen.warned

    def test_bits_that_differ_are_seen(self) -> None:
        drawn = iter(range(99))
        seen = observe(lambda device: torch.tensor(next(drawn)), CPU)
        assert not seen.repeats
        assert seen.varies_without
        assert not seen.warned

    def test_other_errors_are_raised(self) -> None:
        with pytest.raises(RuntimeError, match="shape"):
            observe(lambda device: torch.ones(2, 3) @ torch.ones(2, 3), CPU)

    def test_digests_tell_bits_types_and_shapes_apart(self) -> None:
        zero = torch.zeros(2)
        others = (-zero, zero.int(), zero[None], torch.zeros(1))
        assert len({digest(each) for each in (zero, *others)}) == 5
        assert digest(torch.eye(2).to_sparse()) == digest(torch.eye(2))

    def test_settings_come_back(self) -> None:
        before = torch.initial_seed(), torch.get_num_threads(), torch.get_default_dtype()
        with global_state_kept():
            torch.manual_seed(1)
            torch.set_num_threads(torch.get_num_threads() + 1)
            torch.set_default_dtype(torch.float64)
            torch.use_deterministic_algorithms(True, warn_only=True)
            fill_memory(False)
        assert (torch.initial_seed(), torch.get_num_threads(), torch.get_default_dtype()) == before
        assert not torch.are_deterministic_algorithms_enabled()
        assert not torch._inductor.config.deterministic
        with deterministic_algorithms(True):
            assert is_filled(torch.empty(3))

    def test_fake_tensors_show_what_python_decides_on_cuda(self) -> None:
        def double(device: torch.device) -> torch.Tensor:
            x = torch.ones(2, device=device)
            return x.exp() if x.is_cuda else x.log()

        with deterministic_algorithms(False):
            seen = operators_on_cuda(double)
        assert "exp" in seen
        assert "log" not in seen
