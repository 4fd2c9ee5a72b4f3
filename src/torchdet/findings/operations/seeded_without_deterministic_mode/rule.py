"""A seeded program leaves deterministic mode off, and uses operations that then vary.

## What it does
Reports programs that seed torch and train on an accelerator, but never switch deterministic mode
on, and use operations whose results then vary from run to run: convolutions for which cuDNN chooses
the algorithm, `scatter_add_`, the gradients of `F.interpolate(x, mode="bilinear")`, and whatever
else the catalogue of operations names. The message names the operations.

The program is followed through the modules of the project, along what each run does: options have
their defaults, and objects that are picked from a table, looked up by name, or made only under a
test that a run decides, are left out.

Not reported: programs in which any module mentions deterministic mode, or an option for it, or
`torchdet`; programs whose seed is drawn anew in each run; and operations that only cuDNN makes vary
where the program sets `torch.backends.cudnn.deterministic`.

`target-devices` names the devices to check for: without it, CUDA. `torch-version` is the oldest
release that you support.

## Why is this bad?
A seed fixes the random numbers and nothing else. On a GPU many kernels add in an order that differs
from run to run: the losses of two seeded runs agree in the first steps, then drift apart.

## Example
Bad:

```python
import torch

if __name__ == "__main__":
    torch.manual_seed(0)
    model = torch.nn.Conv2d(3, 8, 3).to("cuda")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.rand(1, 3, 9, 9, device="cuda")).sum().backward()
    optimizer.step()
```

Good:

```python
import torch

if __name__ == "__main__":
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    model = torch.nn.Conv2d(3, 8, 3).to("cuda")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.rand(1, 3, 9, 9, device="cuda")).sum().backward()
    optimizer.step()
```

## Fix safety
There is no fix: in deterministic mode some operations raise, and others are slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.screen import Outline
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.module_role import measures_speed
from torchdet.reading.operations.varying_operations import VaryingOperation, varying_operations
from torchdet.reading.randomness.program import Program, block_name, program, program_of
from torchdet.reading.randomness.program_start import starts_program
from torchdet.reading.randomness.survey import MODULE
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.device_types import HOST_DEVICE
from torchdet.torch_api.random_numbers import Stream, seeding_functions
from torchdet.torch_api.switches import DETERMINISTIC_MODE

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_SEEDERS = seeding_functions(Stream.TORCH)
_DEFAULT_DEVICES = ("cuda",)
_MOST_NAMED = 3


def check_start(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    start = starts_program(node, context)
    if start is not None and MODULE not in program(context).entries:
        yield from _check(start, context)


def check_seed(reference: Reference, context: Context) -> Iterator[Draft]:
    """A script without an entry point of its own is reported where it seeds first."""
    if MODULE not in program(context).entries:
        return
    if reference.node is _first_seed(context.facts.module, context.facts):
        yield from _check(reference.node, context)


@remembered
def _first_seed(module: cst.Module, facts: FileFacts) -> cst.BaseExpression | None:
    """The first use of a function that seeds, outside of all functions."""
    del module
    for uses in facts.index.uses.values():
        for use in uses:
            names = facts.resolver.use(use).names
            if not _SEEDERS.isdisjoint(names) and block_name(use.node, facts) == MODULE:
                return use.node
    return None


def _check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    start = program(context)
    found = _varying(start, context.place)
    if found:
        yield Draft(node, _message(found, start), confidence=Confidence.LIKELY)


def _varying(start: Program, place: Place) -> tuple[VaryingOperation, ...]:
    """What varies although the program at ``place`` trains and seeds."""
    wanted = place.config.target_devices or _DEFAULT_DEVICES
    devices = tuple(device for device in wanted if device != HOST_DEVICE)
    if not devices or measures_speed(place) or in_runtime_module(place):
        return ()
    if start.trains is None or not start.seeds(Stream.TORCH):
        return ()
    if start.unseeded(Stream.TORCH) is not None:
        return ()  # in a run without options, or in the processes that train
    return varying_operations(start, devices, place.config.torch_version)


def _may_be_there(outline: Outline, place: Place) -> bool:
    return bool(_varying(program_of(outline.source.text, place), place))


def _message(found: tuple[VaryingOperation, ...], start: Program) -> str:
    named = [
        f"`{each.spelling}`" + (f" (in `{each.module}`)" if each.module != start.name else "")
        for each in found[:_MOST_NAMED]
    ]
    more = len(found) - len(named)
    last = f"{more} more" if more else named.pop()
    words = f"{', '.join(named)} and {last}" if named else last
    return (
        "the program seeds torch but leaves deterministic mode off, so that results vary with "
        f"{words}; call `{DETERMINISTIC_MODE}(True)` first"
    )


RULE = Rule(
    code="DET406",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"__main__", b"def main", b"click", b"typer", b"hydra", b"manual_seed", b"seed"),
    requires=(b"torch",),
    names=dict.fromkeys(sorted(_SEEDERS), check_seed),
    nodes={"If": check_start, "FunctionDef": check_start},
    screen=Screen(file=_may_be_there),
    stays=Grounds(
        "whether a run may be slower, or stop where an operation has no deterministic algorithm, "
        "has to be decided",
        f"call `{DETERMINISTIC_MODE}(True)` first, or give the runtime's policy to the program",
    ),
)
