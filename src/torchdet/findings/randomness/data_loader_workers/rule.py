"""Workers of a `DataLoader` that repeat each other's random numbers, or race for the next batch.

## What it does
Reports:

- a generator (`np.random.default_rng(0)`, `np.random.RandomState(0)`, `random.Random(0)`,
  `torch.Generator()`) that is made once and drawn from in `__getitem__` or `__iter__` of a data
  set, or in what they call;
- a `worker_init_fn` that seeds with a constant, with the worker's number alone, or with
  `np.random.get_state()[1][0]` plus that number;
- a data set that seeds with `get_worker_info().id` alone when it is asked for an item;
- `DataLoader(in_order=False)` with workers.

Not reported: data sets that ask `get_worker_info()`, or make or seed the generator anew for each
item; files whose loaders have no workers, or get the runtime's `**rt.dataloader_options(...)`,
which seeds in each worker what its data set keeps; and draws from the global generators of
`random`, NumPy and torch, which torch seeds in each worker.

## Why is this bad?
Every worker gets a copy of the data set with the generator in the same state, so that all workers
draw the same numbers: with eight of them, eight samples share one augmentation. Workers that are
started anew in each epoch repeat the numbers of the last one as well. With `in_order=False` the
batches come in the order in which workers happen to finish.

torch seeds `random`, NumPy and itself in each worker, with another seed in each epoch. A
`worker_init_fn` that seeds them with a constant undoes that: all workers, or all epochs, draw the
same numbers. `np.random.get_state()[1][0]` is such a constant (2147483648) once NumPy is seeded
with an array, as torch 1.9 and later do.

## Example
Bad:

```python
import numpy as np
from torch.utils.data import Dataset


class Crops(Dataset):
    def __init__(self, images):
        self.images = images
        self.rng = np.random.default_rng(0)

    def __getitem__(self, index):
        return crop(self.images[index], self.rng.integers(0, 32, size=2))
```

Good:

```python
import numpy as np
from torch.utils.data import Dataset


class Crops(Dataset):
    def __init__(self, images, seed):
        self.images = images
        self.seed = seed
        self.epoch = 0

    def __getitem__(self, index):
        rng = np.random.default_rng((self.seed, self.epoch, index))
        return crop(self.images[index], rng.integers(0, 32, size=2))
```

## Fix safety
In a `worker_init_fn` the seed of `random` and NumPy becomes `torch.initial_seed() % 2**32`, which
is the worker's and changes with each epoch. The fix is unsafe: other numbers are drawn. Otherwise
choose what to seed with yourself: the index, the epoch or the worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.enclosing import calls_by_body, enclosing_body
from torchdet.facts.expressions import argument, has_unpacking, int_value, is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.module_role import ModuleRole, module_role
from torchdet.reading.randomness.kept_generators import kept_by_dataset, run_by_loader
from torchdet.reading.randomness.worker_functions import (
    Repeated,
    is_number_of_worker,
    repeated_seed,
    runs_in_workers,
)
from torchdet.torch_api.data_loading import DATA_LOADERS
from torchdet.torch_api.random_numbers import GENERATOR_MAKERS, TORCH_SEEDERS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_RESEEDS_KEPT = frozenset({"dataloader_options", "reseed_generators"})


def check_loader(reference: Reference, context: Context) -> Iterator[Draft]:
    """`DataLoader(in_order=False)`."""
    call = context.facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    in_order = argument(call, "in_order")
    if in_order is not None and is_constant(in_order.value, "False") and _has_workers(call):
        yield Draft(
            in_order,
            "with `in_order=False` the batches come in the order in which workers finish, which "
            "differs from run to run; leave it out",
        )


def check_seed(reference: Reference, context: Context) -> Iterator[Draft]:
    """A seed in a function of the workers."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or not call.args:
        return
    function = enclosing_body(call, facts)
    confidence = runs_in_workers(function, facts) if function is not None else None
    seed = call.args[0].value
    if function is None:
        return
    with_torch = reference.name in TORCH_SEEDERS
    if confidence is not None:
        repeated = repeated_seed(seed, function, facts)
        fix = None if with_torch else _seed_of_worker(seed, context)
    else:
        confidence = run_by_loader(function, facts)
        numbered = confidence is not None and is_number_of_worker(seed, facts)
        repeated = Repeated.NUMBER if numbered else None
        fix = None  # by then the worker may have seeded torch, too
    if repeated is None or confidence is None or module_role(context) is ModuleRole.TEST:
        return
    remedy = "leave it out" if fix is None else "seed with `torch.initial_seed() % 2**32`"
    yield Draft(
        call,
        f"{repeated.value}, and so the same random numbers; {remedy}",
        fix,
        confidence,
    )


def _seed_of_worker(seed: cst.BaseExpression, context: Context) -> NodeFix | None:
    owner = context.facts.scope(seed).owner("torch")
    bound = owner.bindings["torch"] if owner is not None else []
    if not bound or any(each.qualified != "torch" for each in bound):
        return None
    edit = Replace(seed, "torch.initial_seed() % 2**32")
    return NodeFix("Seed with the worker's seed", Applicability.UNSAFE, (edit,))


def check_generator(reference: Reference, context: Context) -> Iterator[Draft]:
    """A generator that a data set keeps."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    kept = kept_by_dataset(call, facts)
    if kept is None or _reseeds_kept_generators(facts.module, facts):
        return
    workers = _loader_workers(facts.module, facts)
    if workers is False:
        return
    certain = kept.confidence is Confidence.CERTAIN and workers is True
    yield Draft(
        call.func,
        f"every worker of a `DataLoader` gets a copy of `{kept.spelling}` and draws the same "
        "numbers; make the generator in the worker, from a seed and the index or "
        "`get_worker_info().seed`",
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
    )


@remembered
def _reseeds_kept_generators(module: cst.Module, facts: FileFacts) -> bool:
    """Whether the runtime's options are in use, whose workers seed what their data set keeps."""
    every = (call for calls in calls_by_body(module, facts).values() for call in calls)
    return any(last_name(call.func) in _RESEEDS_KEPT for call in every)


@remembered
def _loader_workers(module: cst.Module, facts: FileFacts) -> bool | None:
    """Whether a loader of this file has workers; None where the file makes none."""
    every = (call for calls in calls_by_body(module, facts).values() for call in calls)
    loaders = [call for call in every if facts.means(call.func, *DATA_LOADERS)]
    if not loaders or any(map(has_unpacking, loaders)):
        return None
    return any(map(_has_workers, loaders))


def _has_workers(call: cst.Call) -> bool:
    """Whether a loader may have workers: their number is given, and not zero."""
    workers = argument(call, "num_workers", 5)
    return has_unpacking(call) if workers is None else int_value(workers.value) != 0


RULE = Rule(
    code="DET505",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"in_order", b"__getitem__", b"__iter__", b"worker"),
    names={
        **dict.fromkeys(DATA_LOADERS, check_loader),
        **dict.fromkeys(GENERATOR_MAKERS, check_generator),
        **dict.fromkeys(("random.seed", "numpy.random.seed", *sorted(TORCH_SEEDERS)), check_seed),
    },
    stays=Grounds(
        "what each worker seeds with, the index, the epoch or its number, has to be decided",
        "pass `**rt.dataloader_options(...)` to the `DataLoader`, or make the generator for "
        "each item",
    ),
)
