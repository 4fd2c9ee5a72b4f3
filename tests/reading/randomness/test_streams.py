"""Which calls seed which generator, by their names."""

from __future__ import annotations

import pytest

from torchdet.reading.randomness.streams import is_helper, seeded_by
from torchdet.torch_api.random_numbers import ALL_STREAMS, Stream


@pytest.mark.parametrize(
    "name",
    [
        "set_seed",
        "seed_everything",
        "seed_all_rng",
        "fix_seeds",
        "fixRandomSeed",
        "_set_random_seed",
        "random_seed",
        "reseed",
        "set_determinism",
        "enable_full_determinism",
        "make_deterministic",
        "ensure_reproducibility",
    ],
)
def test_helpers_are_known_by_their_names(name: str) -> None:
    assert is_helper(name)


@pytest.mark.parametrize(
    "name",
    [
        "seed",
        "initial_seed",
        "get_seed",
        "generate_seed",
        "seed_worker",
        "worker_seed_fn",
        "SeedSequence",
        "use_deterministic_algorithms",
        "set_deterministic_debug_mode",
        "is_deterministic",
        "proceed",
        "train",
    ],
)
def test_what_tells_a_seed_or_seeds_something_else_is_no_helper(name: str) -> None:
    assert not is_helper(name)


@pytest.mark.parametrize(
    ("name", "streams"),
    [
        ("random.seed", {Stream.PYTHON}),
        ("numpy.random.seed", {Stream.NUMPY}),
        ("torch.manual_seed", {Stream.TORCH, Stream.ACCELERATOR}),
        ("torch.cuda.manual_seed_all", {Stream.ACCELERATOR}),
        ("torch.Generator.().manual_seed", set()),
        ("torch.rand", set()),
        ("transformers.Trainer", ALL_STREAMS),
        ("lightning.pytorch.cli.LightningCLI", ALL_STREAMS),
        ("torchdet.runtime.get_torch_handle", ALL_STREAMS),
        ("stable_baselines3.PPO", ALL_STREAMS),
        ("kit.train.set_seed", None),
    ],
)
def test_known_functions(name: str, streams: set[Stream] | None) -> None:
    found = seeded_by(name)
    assert (set(found.streams) if found is not None else None) == (
        set(streams) if streams is not None else None
    )
