"""Seeding, and how the seeds of ranks and workers follow from one number.

Same seed, same rank, same worker: same stream. Other ranks and workers get streams that have
nothing to do with each other; rank 0 outside a worker keeps the seed as it is, so that a program
gives the same numbers alone and as rank 0.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import random
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, TypedDict

from torchdet.runtime.errors import PolicyError
from torchdet.runtime.facts import DataLoaderWorker, DistributedRank, ProcessRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

    from torchdet.runtime.policy import RuntimePolicy

_SEED_BITS = 64

SEED_VARIABLE = "TORCHDET_SEED"
"""A source of the policy's seed, which subprocesses inherit."""


class DataLoaderOptions(TypedDict):
    """Keyword arguments for `torch.utils.data.DataLoader`."""

    generator: torch.Generator
    worker_init_fn: Callable[[int], None]


def derive_seed(seed: int, *, rank: int = 0, worker: int | None = None, salt: str = "") -> int:
    """Return the seed of one rank, worker and purpose, from 0 to 2**64 - 1.

    The derivation is SHA-256 over the numbers, so it is the same on every machine and version.

    >>> derive_seed(7), derive_seed(7, rank=1) == derive_seed(7, worker=1)
    (7, False)
    """
    seed = checked_seed(seed)
    if rank == 0 and worker is None and not salt:
        return seed
    text = f"torchdet:{seed}:{rank}:{'-' if worker is None else worker}:{salt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _SEED_BITS // 8], "big")


def checked_seed(seed: int) -> int:
    """Return the seed as torch understands it: negative numbers are the upper half.

    Raises `PolicyError` for what torch does not take: other types, and numbers outside
    -2**63 .. 2**64 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise PolicyError(f"a seed is an integer, got {seed!r}")
    if not -(2**63) <= seed < 1 << _SEED_BITS:
        raise PolicyError(f"a seed lies in -2**63 .. 2**64 - 1, got {seed}")
    return seed % (1 << _SEED_BITS)


def seed_for_process(
    seed: int, role: ProcessRole, distributed: DistributedRank | None, *, per_rank: bool
) -> int:
    """Derive the seed of this process; DataLoader workers always get their own."""
    rank = distributed.rank if per_rank and distributed is not None else 0
    worker = role.worker_id if isinstance(role, DataLoaderWorker) else None
    return derive_seed(seed, rank=rank, worker=worker)


def seed_everything(torch: ModuleType, seed: int) -> None:
    """Seed Python, NumPy if it is installed, and torch on every device.

    Accelerators that are not initialised are seeded by torch when they are.
    """
    random.seed(seed)
    numpy = numpy_if_installed()
    if numpy is not None:
        numpy.random.seed(_numpy_seed(seed))
    torch.manual_seed(seed)


def pass_seed_on(seed: int) -> None:
    """Give the seed to the subprocesses that start from now on; their handles apply it."""
    os.environ[SEED_VARIABLE] = str(seed)


def numpy_if_installed() -> ModuleType | None:
    """Return NumPy, or None where it is not installed."""
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


def _numpy_seed(seed: int) -> int | list[int]:
    """Give NumPy's 32-bit seeding all 64 bits; a small seed stays what its user would write."""
    return seed if seed < 2**32 else [seed & 0xFFFFFFFF, seed >> 32]


# --- DataLoader workers --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """The `worker_init_fn` of the runtime; it pickles, so spawned workers can have it.

    In the worker it applies the process's policy (a spawned worker inherits no flags, a forked
    one is checked) and seeds what torch does not: random generators that the data set carries
    along, which would otherwise repeat in every worker and every epoch. Torch itself has seeded
    the global generators of Python, NumPy and torch by then.

    Without a policy the program has applied none, and the worker only seeds.
    """

    policy: RuntimePolicy | None

    def __call__(self, worker_id: int) -> None:
        from torch.utils.data import get_worker_info

        from torchdet.runtime.process import handle_in_worker

        if self.policy is not None:
            handle_in_worker(self.policy)
        info = get_worker_info()
        if info is not None:
            reseed_generators(info.dataset, derive_seed(info.seed, worker=worker_id))


def reseed_generators(dataset: object, seed: int) -> None:
    """Seed every generator that a data set, or a data set within it, holds as an attribute.

    Known are `random.Random`, NumPy's `Generator` and `RandomState`, and `torch.Generator`. Data
    sets are followed through `dataset` and `datasets`, as torch's `Subset` and `ConcatDataset`
    name what they wrap.
    """
    for place, generator in held_generators(dataset):
        _reseed(generator, derive_seed(seed, salt=place))


def held_generators(dataset: object) -> Iterator[tuple[str, object]]:
    """Yield each generator that a data set holds, with its place; see `reseed_generators`."""
    kinds = _generator_types()
    for place, each in _wrapped(dataset):
        for name, value in sorted(getattr(each, "__dict__", {}).items()):
            if isinstance(value, kinds):
                yield f"{place}.{name}", value


def _generator_types() -> tuple[type, ...]:
    numpy = sys.modules.get("numpy")
    of_numpy = () if numpy is None else (numpy.random.RandomState, numpy.random.Generator)
    return (random.Random, sys.modules["torch"].Generator, *of_numpy)


def _wrapped(dataset: object) -> Iterator[tuple[str, object]]:
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [("dataset", dataset)]
    while waiting:
        place, each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield place, each
        inner = getattr(each, "__dict__", {})
        if "dataset" in inner:
            waiting.append((f"{place}.dataset", inner["dataset"]))
        several = inner.get("datasets")
        if isinstance(several, (list, tuple)):
            waiting.extend((f"{place}.datasets[{i}]", one) for i, one in enumerate(several))


def _reseed(value: object, seed: int) -> None:
    if isinstance(value, random.Random):
        value.seed(seed)
        return
    torch, numpy = sys.modules["torch"], sys.modules.get("numpy")
    if isinstance(value, torch.Generator):
        value.manual_seed(seed)
    elif numpy is not None and isinstance(value, numpy.random.RandomState):
        value.seed(_numpy_seed(seed))
    elif numpy is not None and isinstance(value, numpy.random.Generator):
        fresh = type(value.bit_generator)(seed)
        value.bit_generator.state = fresh.state
