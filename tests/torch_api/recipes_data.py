"""Recipes: loading data."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    get_worker_info,
    random_split,
)

from tests.torch_api.processes import fresh_python
from tests.torch_api.recipe import NothingToSeeError, claim


class Numbers(Dataset[torch.Tensor]):
    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.tensor(index)


class Draws(Dataset[list[float]]):
    """What each worker's generators yield for each item."""

    def __init__(self) -> None:
        self.kept = random.Random(0)
        self.kept_numpy = np.random.default_rng(0)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> list[float]:
        return [
            torch.rand(()).item(),
            random.random(),
            float(np.random.rand()),
            float(np.random.default_rng().random()),
            self.kept.random(),
            float(self.kept_numpy.random()),
            float(torch.get_num_threads()),
        ]


TORCH, PYTHON, NUMPY, ENTROPY, KEPT, KEPT_NUMPY, THREADS = range(7)


def fork() -> str:
    """The way to start workers that is fast. Raises NothingToSeeError without it."""
    if "fork" not in multiprocessing.get_all_start_methods():
        raise NothingToSeeError("processes cannot be forked here")
    return "fork"


def epoch(workers: int) -> list[list[float]]:
    """One epoch of ``Draws``, everything seeded before it."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    loader: DataLoader[list[float]] = DataLoader(
        Draws(),
        batch_size=None,
        num_workers=workers,
        multiprocessing_context=fork() if workers else None,
    )
    return list(loader)


def order(generator: torch.Generator | None = None, *, draws: int = 0) -> list[int]:
    torch.manual_seed(0)
    torch.rand(draws)
    loader = DataLoader(Numbers(), batch_size=None, shuffle=True, generator=generator)
    return [int(x) for x in loader]


@claim("DataLoader shuffle")
def earlier_draws_change_the_order_unless_there_is_a_generator(device: torch.device) -> None:
    assert order() == order() != order(draws=1)
    own = [order(torch.Generator().manual_seed(5), draws=n) for n in (0, 1)]
    assert own[0] == own[1]


@claim(
    "DataLoader worker seeds",
    "DataLoader default_rng in worker",
    "DataLoader fork-time generator copy",
    "DataLoader num_workers",
    "DataLoader worker threads",
)
def workers_have_seeds_of_their_own(device: torch.device) -> None:
    torch.set_num_threads(2)
    first, second, alone = epoch(2), epoch(2), epoch(0)
    for column in (TORCH, PYTHON, NUMPY):  # seeded by torch in each worker
        drawn = [row[column] for row in first]
        assert drawn == [row[column] for row in second]
        assert len(set(drawn)) == 4
    assert [row[ENTROPY] for row in first] != [row[ENTROPY] for row in second]
    for column in (KEPT, KEPT_NUMPY):  # items 0 and 1 go to different workers
        assert first[0][column] == first[1][column]
        assert alone[0][column] != alone[1][column]
    assert [row[TORCH] for row in first] != [row[TORCH] for row in alone]
    assert {row[THREADS] for row in first} == {1.0}
    assert {row[THREADS] for row in alone} == {2.0}


class WorkerSeeds(Dataset[int]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> int:
        info = get_worker_info()
        assert info is not None
        assert torch.initial_seed() == info.seed
        return int(info.seed) - int(info.id)


@claim("worker seed of get_worker_info")
def a_worker_is_seeded_with_the_base_and_its_number(device: torch.device) -> None:
    assert get_worker_info() is None
    loader = DataLoader(
        WorkerSeeds(), batch_size=None, num_workers=2, multiprocessing_context=fork()
    )
    assert len(set(loader)) == 1


@claim("DataLoader in_order=False")
def batches_stand_in_order_by_default(device: torch.device) -> None:
    loader = DataLoader(Numbers(), batch_size=None, num_workers=2, multiprocessing_context=fork())
    assert loader.in_order
    assert [int(x) for x in loader] == list(range(16))
    late = DataLoader(
        Numbers(), batch_size=None, num_workers=2, in_order=False, multiprocessing_context=fork()
    )
    assert sorted(int(x) for x in late) == list(range(16))


@claim("DataLoader persistent_workers")
def the_streams_of_persistent_workers_go_on(device: torch.device) -> None:
    def epochs(persistent: bool) -> list[list[float]]:
        torch.manual_seed(0)
        loader: DataLoader[list[float]] = DataLoader(
            Draws(),
            batch_size=None,
            num_workers=1,
            persistent_workers=persistent,
            multiprocessing_context=fork(),
        )
        return [[row[KEPT] for row in loader] for _ in range(2)]

    kept, fresh = epochs(persistent=True), epochs(persistent=False)
    assert kept[0] == fresh[0] == fresh[1]
    assert kept[1] != kept[0]


class Stream(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        return iter(range(3))


@claim("IterableDataset sharding")
def every_worker_yields_the_whole_stream(device: torch.device) -> None:
    loader = DataLoader(Stream(), batch_size=None, num_workers=2, multiprocessing_context=fork())
    assert sorted(loader) == [0, 0, 1, 1, 2, 2]


@claim("DataLoader spawn flags")
def spawned_workers_start_from_the_defaults(device: torch.device) -> None:
    """Shown with a process that multiprocessing spawns: workers are made the same way."""
    fork()
    answer = fresh_python("""
        import multiprocessing, sys
        import torch
        torch.use_deterministic_algorithms(True)
        torch.set_default_dtype(torch.float64)
        torch.backends.cudnn.deterministic = True
        torch.utils.deterministic.fill_uninitialized_memory = False
        torch.set_float32_matmul_precision("high")
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(torch.are_deterministic_algorithms_enabled),
                  pool.apply(torch.get_default_dtype), pool.apply(eval, ("__import__('torch')"
                  ".backends.cudnn.deterministic",)),
                  pool.apply(torch.get_float32_matmul_precision), pool.apply(eval, (
                  "__import__('torch').utils.deterministic.fill_uninitialized_memory",)))
        with multiprocessing.get_context("fork").Pool(1) as pool:
            print(pool.apply(torch.are_deterministic_algorithms_enabled))
    """)
    assert answer.split() == ["False", "torch.float32", "False", "highest", "True", "True"]


@claim("samplers")
def samplers_draw_from_the_default_generator(device: torch.device) -> None:
    for build in (
        lambda g: RandomSampler(range(16), generator=g),
        lambda g: SubsetRandomSampler(range(16), generator=g),
        lambda g: WeightedRandomSampler([1.0] * 16, 16, generator=g),
    ):
        drawn = []
        own = []
        for skipped in (0, 1):
            torch.manual_seed(0)
            torch.rand(skipped)
            drawn.append(list(build(None)))
            own.append(list(build(torch.Generator().manual_seed(1))))
        assert drawn[0] != drawn[1]
        assert own[0] == own[1]


@claim("random_split")
def splitting_draws_from_the_default_generator(device: torch.device) -> None:
    def split(seed: int, generator: torch.Generator | None = None) -> list[int]:
        torch.manual_seed(seed)
        if generator is None:
            return list(random_split(Numbers(), [8, 8])[0].indices)
        return list(random_split(Numbers(), [8, 8], generator=generator)[0].indices)

    assert split(0) == split(0) != split(1)
    own = [split(seed, torch.Generator().manual_seed(1)) for seed in (0, 1)]
    assert own[0] == own[1]


@claim("DistributedSampler", "DistributedSampler.set_epoch")
def without_set_epoch_the_order_repeats(device: torch.device) -> None:
    sampler: DistributedSampler[int] = DistributedSampler(Numbers(), num_replicas=2, rank=0)
    first = list(sampler)
    torch.manual_seed(9)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first
