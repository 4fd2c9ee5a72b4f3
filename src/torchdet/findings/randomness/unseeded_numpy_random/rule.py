"""Numbers from NumPy that nothing seeds: its global generator, or `default_rng()` without a seed.

## What it does
Reports generators that are made without a seed: `numpy.random.default_rng()`, `RandomState()`,
`SeedSequence()` and the bit generators (`PCG64()`), and with `None` as the seed. Silent is a
generator that only stands in where the caller passed none, one whose state or seed is set
afterwards, and a `SeedSequence` whose `entropy` is kept.

Reports, in programs, the first draw from NumPy's global generator (`numpy.random.rand`,
`shuffle`, `choice`) that nothing in the program seeds, by the rules of `unseeded-python-random`.
Functions and classes of scikit-learn without a `random_state`, such as `train_test_split`, draw
from it as well, and so do `sample` of pandas and `shuffle` and `train_test_split` of `datasets`.
`numpy.random.seed()` without a seed is reported everywhere.

## Why is this bad?
Without a seed, NumPy asks the operating system for entropy: the numbers are others in every run.
`numpy.random.seed` does not change what `default_rng()` yields, and neither do
`torch.manual_seed` and the seeds of DataLoader workers.

## Example
Bad:

```python
import numpy as np
import torch


def noisy(batch):
    rng = np.random.default_rng()
    return batch + torch.from_numpy(rng.normal(size=batch.shape))
```

Good:

```python
import numpy as np
import torch


def noisy(batch, seed):
    rng = np.random.default_rng(seed)
    return batch + torch.from_numpy(rng.normal(size=batch.shape))
```

## Fix safety
There is no fix: where the seed comes from is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.randomness import draws
from torchdet.findings.randomness.seedless_calls import check_making, check_seeding
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.randomness.program_start import START_NODES
from torchdet.torch_api.random_numbers import (
    NUMPY_DRAWS,
    NUMPY_GENERATORS,
    Stream,
    library_draws,
    library_draws_by_method,
)

_DRAWS = NUMPY_DRAWS | {
    name for name, each in library_draws().items() if each.stream is Stream.NUMPY
}


_REMEDY = "call `numpy.random.seed(...)`, or draw from `numpy.random.default_rng(seed)`"


def check_draw(reference: Reference, context: Context) -> Iterator[Draft]:
    if "torch" in context.facts.source.text:
        yield from draws.check_draw(reference, Stream.NUMPY, _REMEDY, context)


def check_start(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    """The program draws in other modules of the project."""
    if "torch" in context.facts.source.text:
        yield from draws.check_start(node, Stream.NUMPY, _REMEDY, context)


def check_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`frame.sample(frac=1)`."""
    if "torch" in context.facts.source.text:
        yield from draws.check_method(
            node, Stream.NUMPY, "or call `numpy.random.seed(...)`", context
        )


_SEEDLESS = {**dict.fromkeys(NUMPY_GENERATORS, check_making), "numpy.random.seed": check_seeding}
_METHODS = tuple(
    name
    for name, by_package in library_draws_by_method().items()
    if any(each.stream is Stream.NUMPY for each in by_package.values())
)

RULE = Rule(
    code="DET503",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"random", b"sklearn", *(name.encode() for name in _METHODS), *draws.STARTS),
    eased_in_tests=True,
    requires=(b"numpy", b"sklearn", b"pandas", b"datasets", b"torch"),
    names={**dict.fromkeys(sorted(_DRAWS), check_draw), **_SEEDLESS},
    nodes=dict.fromkeys(START_NODES, check_start),
    attributes=dict.fromkeys(_METHODS, check_method),
    screen=Screen(file=draws.draws_unseeded(Stream.NUMPY, _SEEDLESS, _METHODS)),
    stays=Grounds(
        "which seed, and where the program takes it from, has to be decided",
        "seed once with `rt.manual_seed(...)`, and make NumPy's generators with a seed "
        "derived from it",
    ),
)
