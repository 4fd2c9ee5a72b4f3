"""A program draws from Python's global generator, which nothing on the way seeds.

## What it does
Reports the first draw (`random.shuffle`, `random.random`, `random.choice` and so on) that a program
makes from the global generator of `random` when nothing in the program seeds it;
`torch.manual_seed` does not. Programs are found and followed through the modules of the project as
`unseeded-training` does: a draw in another module is reported where the program starts, if each run
reaches it and the program seeds some other generator. `RandomChoice` and `RandomOrder` of
torchvision draw from it as well; those of `torchvision.transforms.v2` use torch's generator.

Not reported: libraries, which leave seeding to the program; programs that neither train nor seed
anything, whose random numbers may well be meant to differ; draws in `__getitem__`, `__iter__`,
`__call__` and collate functions, because torch seeds `random` in its workers; and numbers that only
name a file or pick a port.

Reported everywhere, in libraries too: `random.seed()` and `random.seed(None)`, and a
`random.Random()` without a seed that nothing in the file seeds later.

## Why is this bad?
Without a seed, the generator starts from the operating system's entropy: lists are shuffled,
split and sampled differently in every run. That torch is seeded hides it: the weights start the
same, and the results still differ.

## Example
Bad:

```python
import random

import torch


def main():
    torch.manual_seed(0)
    files = [f"{number}.pt" for number in range(100)]
    random.shuffle(files)
    return [torch.load(file) for file in files[:80]]


if __name__ == "__main__":
    main()
```

Good:

```python
import random

import torch


def main():
    torch.manual_seed(0)
    random.seed(0)
    files = [f"{number}.pt" for number in range(100)]
    random.shuffle(files)
    return [torch.load(file) for file in files[:80]]


if __name__ == "__main__":
    main()
```

## Fix safety
There is no fix: which seed, and where the program should be seeded, is for a person to say.
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
from torchdet.torch_api.random_numbers import PYTHON_DRAWS, Stream, library_draws

_DRAWS = PYTHON_DRAWS | {
    name for name, each in library_draws().items() if each.stream is Stream.PYTHON
}


_REMEDY = "call `random.seed(...)` beside `torch.manual_seed(...)`"


def check_draw(reference: Reference, context: Context) -> Iterator[Draft]:
    yield from draws.check_draw(reference, Stream.PYTHON, _REMEDY, context)


def check_start(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    """The program draws in other modules of the project."""
    yield from draws.check_start(node, Stream.PYTHON, _REMEDY, context)


_SEEDLESS = {"random.Random": check_making, "random.seed": check_seeding}

RULE = Rule(
    code="DET502",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"random", b"RandomChoice", b"RandomOrder", *draws.STARTS),
    requires=(b"torch",),
    names={**dict.fromkeys(sorted(_DRAWS), check_draw), **_SEEDLESS},
    nodes=dict.fromkeys(START_NODES, check_start),
    screen=Screen(file=draws.draws_unseeded(Stream.PYTHON, _SEEDLESS)),
    stays=Grounds(
        "which seed, and where the program takes it from, has to be decided",
        "seed once with `rt.manual_seed(...)`, where the program starts",
    ),
)
