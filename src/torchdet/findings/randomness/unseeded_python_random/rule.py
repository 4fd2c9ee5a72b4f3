"""A program draws from Python's global generator, which nothing on the way seeds.

## What it does
Reports the first draw (`random.shuffle`, `random.random`, `random.choice` and so on) that a
program makes from the global generator of `random` when nothing seeds it, neither the file nor a
module of the project that it imports; `torch.manual_seed` does not. Only programs are reported,
by the entry points that `unseeded-training` knows, and only draws that they reach. `RandomChoice`
and `RandomOrder` of torchvision draw from it as well; those of `torchvision.transforms.v2` use
torch's generator.
A library that draws from the global generator leaves it to the program to seed it, and is not
reported. Draws in `__getitem__`, `__iter__`, `__call__` and collate functions are passed over:
torch seeds `random` in its workers.

A program is only reported when it trains, or seeds another generator: where neither is so, random
numbers may well be meant to differ.

Reported wherever it stands, in a library too, is a call that makes a generator differ on purpose,
`random.seed()` and `random.seed(None)`, and a `random.Random()` without a seed that nothing in
the file seeds later and that stands in for no other.

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

from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.randomness.draws import is_first_unseeded_draw
from torchdet.findings.randomness.seedless_calls import check_making, check_seeding
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference
from torchdet.torch_api.random_numbers import PYTHON_DRAWS, Stream, library_draws

_DRAWS = PYTHON_DRAWS | {
    name for name, each in library_draws().items() if each.stream is Stream.PYTHON
}


def check_draw(reference: Reference, context: Context) -> Iterator[Draft]:
    if is_first_unseeded_draw(reference.node, _DRAWS, Stream.PYTHON, context):
        yield Draft(
            reference.node,
            f"`{reference.name}` draws from Python's global generator, which nothing seeds in this "
            "program; call `random.seed(...)` beside `torch.manual_seed(...)`",
            confidence=Confidence.LIKELY,
        )


RULE = Rule(
    code="DET502",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"random", b"RandomChoice", b"RandomOrder"),
    requires=(b"torch",),
    names={
        **dict.fromkeys(sorted(_DRAWS), check_draw),
        "random.Random": check_making,
        "random.seed": check_seeding,
    },
    stays=Grounds(
        "which seed, and where the program takes it from, has to be decided",
        "seed once with `rt.manual_seed(...)`, where the program starts",
    ),
)
