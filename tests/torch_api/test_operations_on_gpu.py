"""The catalogue against what torch does on a GPU. Needs one: `pytest -m gpu`.

`python -m tests.torch_api.record_evidence` writes what was seen into the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="the catalogue is checked against an installed torch")

import torch  # after torch is known to be there

from tests.torch_api.differential import (
    INSTALLED,
    disagreements,
    is_to_run,
)
from tests.torch_api.observation import global_state_kept
from tests.torch_api.recipe import (
    Claim,
    NothingToSeeError,
    Operation,
    all_claims,
    all_operations,
)

CUDA = torch.device("cuda")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(torch.cuda.device_count() == 0, reason="no CUDA here"),
    pytest.mark.skipif(INSTALLED < (2, 13), reason="the catalogue says what torch 2.13 does"),
]


def title(recipe: Operation | Claim) -> str:
    return f"{recipe.entries[0]}: {recipe.name}"


@pytest.fixture(autouse=True, scope="module")
def workspace_of_cublas() -> Iterator[None]:
    """What NVIDIA asks for, in case that nothing used cuBLAS in this process so far."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        yield


@pytest.fixture(autouse=True)
def settings_of_torch() -> Iterator[None]:
    with global_state_kept():
        yield


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "recipe", [recipe for recipe in all_operations() if is_to_run(recipe, CUDA)], ids=title
)
def test_operation_does_what_its_entries_say(recipe: Operation) -> None:
    assert disagreements(recipe, CUDA) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "recipe", [recipe for recipe in all_claims() if is_to_run(recipe, CUDA)], ids=title
)
def test_claim_holds(recipe: Claim) -> None:
    try:
        recipe.check(CUDA)
    except NothingToSeeError as reason:
        pytest.skip(str(reason))
