"""A program trains a model, and nothing on the way seeds torch.

## What it does
Reports the entry point of a program that trains and never seeds torch's generator. An entry point
is an `if __name__ == "__main__":` block; where there is none, a function that is a command of
click, typer or hydra, that the project's metadata installs as a console script, or a `main` that
parses arguments; and else a script that trains when it is imported. Training is `backward()` and
an optimizer's `step()`, or `fit` of a Lightning trainer, in what the entry point reaches.

A seed is looked for wherever it can stand: in the file, and in the modules of the project that it
imports, directly or not. `torch.manual_seed`, `torch.set_rng_state`, helpers such as
`seed_everything`, `set_seed` and `set_determinism`, trainers that seed by themselves, and a handle
of the runtime all count; a helper that is defined and never used does not. Where an import leads
to more of the project than can be searched, nothing is reported. Programs whose file name says
that they measure speed are passed over.

The finding is certain when the file itself shows the training, and likely when imported modules
do.

## Why is this bad?
Weights are initialised, data are shuffled and dropout draws from generators that start from the
operating system's entropy: no two runs give the same model, a result cannot be repeated, and
whether a change helped cannot be told from chance. Under the runtime, kernels are deterministic
and the run still differs.

## Example
Bad:

```python
import torch


def main():
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(100):
        loss = model(torch.randn(32, 8)).square().mean()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
```

Good:

```python
import torch


def main():
    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(100):
        loss = model(torch.randn(32, 8)).square().mean()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
```

## Fix safety
There is no fix: where the seed comes from, and what else has to be seeded with it, is for a person
to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.module_role import is_main_test, measures_speed
from torchdet.reading.randomness.program import block_name, program
from torchdet.reading.randomness.streams import Stream
from torchdet.reading.randomness.survey import MAIN, MODULE
from torchdet.reading.randomness.torch_files import uses_another
from torchdet.reading.runtime_modules import in_runtime_module


def check_main_block(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    assert isinstance(node, cst.If)
    if is_main_test(node.test) and MAIN in program(context).entries:
        yield from _check(node.test, context)


def check_function(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    assert isinstance(node, cst.FunctionDef)
    entries = program(context).entries
    first = node.name.value == min(entries, default=None)
    if first and context.facts.context(node.name) == node.name.value:
        yield from _check(node.name, context)


def check_script(attribute: cst.Attribute, context: Context) -> Iterator[Draft]:
    """A script without an entry point of its own is reported where it first trains."""
    start = program(context)
    if MODULE in start.entries:
        same = context.facts.index.attributes[attribute.attr.value]
        run = (each for each in same if block_name(each, context.facts) in start.reached)
        if next(run, None) is attribute:
            yield from _check(attribute, context)


def _check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if measures_speed(context) or in_runtime_module(context) or uses_another(context.facts):
        return
    start = program(context)
    if start.trains is None or start.seeds(Stream.TORCH):
        return
    yield Draft(
        node,
        "the program trains and never seeds torch, so that no two runs give the same model; call "
        "`torch.manual_seed(...)` first, or give the runtime's policy a `seed`",
        confidence=start.trains,
    )


RULE = Rule(
    code="DET508",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"__main__", b"def main", b"click", b"typer", b"hydra", b"backward("),
    requires=b"torch",
    nodes={"If": check_main_block, "FunctionDef": check_function},
    attributes={"backward": check_script},
    stays=Grounds(
        "which seed, and where the program takes it from, has to be decided",
        "seed once with `rt.manual_seed(...)`, where the program starts",
    ),
)
