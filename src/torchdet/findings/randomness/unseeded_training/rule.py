"""A program trains a model without seeding torch, or seeds it only in some runs.

## What it does
Reports the entry point of a program that trains and does not seed torch's generator. An entry
point is an `if __name__ == "__main__":` block; without one, a command of click, typer, hydra, fire,
tyro or absl, a console script of the project's metadata, or a `main` that parses arguments; and
otherwise a script that trains when it runs. Training is `backward()` with an optimizer's `step()`,
`fit` of a Lightning trainer, or `learn` of Stable-Baselines3.

Code is followed through the modules of the project: functions by name, methods when their class and
their name are both used in what runs. So a `Trainer` in another module counts, both for training
and for seeding. `torch.manual_seed`, `torch.set_rng_state`, helpers such as `seed_everything`, the
seeds of libraries around torch, and a handle of the runtime all seed; a helper that nothing calls
does not. Where code is looked up by name at run time, anything that is mentioned may seed.

The message says what is missing:

- nothing seeds torch;
- only the generators of accelerators are seeded (`torch.cuda.manual_seed_all` alone);
- torch is seeded only where an option is given whose default is `None` or zero;
- a model is made, and its weights are drawn, before torch is seeded (reported at the seed);
- only the parent of the processes that `torch.multiprocessing.spawn` starts is seeded.

Not reported: tests, and programs whose file name says that they measure speed. The finding is
certain when the file itself shows the training, and likely when imported modules do, or an option
decides.

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
No fix: choose where the seed comes from, and what else it seeds, yourself.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.facts.screen import Outline
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.randomness.unseeded_training.late_seeds import made_before
from torchdet.findings.randomness.unseeded_training.outlined_seeds import may_seed_late
from torchdet.findings.screen import Screen
from torchdet.findings.wording import or_in_policy
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.module_role import ModuleRole, measures_speed, module_role
from torchdet.reading.randomness.program import Lack, Unseeded, block_name, program, program_of
from torchdet.reading.randomness.program_start import START_NODES, starts_program
from torchdet.reading.randomness.survey import MODULE
from torchdet.reading.randomness.torch_files import uses_another
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.random_numbers import SEEDING_FUNCTIONS, Stream, seeds_torch

_SEEDERS = frozenset(name for name in SEEDING_FUNCTIONS if seeds_torch(name))


def check_start(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    start = starts_program(node, context)
    if start is not None and not (_is_script(context) and _first_step(context)):
        yield from _check(start, context)


def check_script(attribute: cst.Attribute, context: Context) -> Iterator[Draft]:
    """A script without an entry point of its own is reported where it first trains."""
    if _is_script(context) and attribute is _first_step(context):
        yield from _check(attribute, context)


def _is_script(context: Context) -> bool:
    return MODULE in program(context).entries


def check_seed(reference: Reference, context: Context) -> Iterator[Draft]:
    """A seed that comes too late for the weights."""
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or _is_set_aside(context):
        return
    start = program(context)
    if start.trains is None or block_name(call, facts) not in start.reached:
        return
    if module_role(context) is ModuleRole.TEST:
        return  # which compares, and cares for no weights
    made = made_before(call, context)
    if made is not None and Stream.TORCH not in start.seeded_at_import:
        yield Draft(
            call,
            f"`{facts.code(made.func)}(...)` has drawn its weights before torch is seeded here, so "
            "that no two runs start from the same model; seed first",
            confidence=Confidence.LIKELY,
        )


def _first_step(context: Context) -> cst.Attribute | None:
    same = context.facts.index.attributes.get("backward", ())
    reached = program(context).reached
    return next((each for each in same if block_name(each, context.facts) in reached), None)


def _check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if _is_set_aside(context) or module_role(context) is ModuleRole.TEST:
        return
    start = program(context)
    unseeded = start.unseeded(Stream.TORCH) if start.trains is not None else None
    if start.trains is None or unseeded is None:
        return
    certain = unseeded.lack in (Lack.NOTHING, Lack.ACCELERATOR)
    yield Draft(
        node,
        _message(unseeded, context.config),
        confidence=start.trains if certain else Confidence.LIKELY,
    )


def _may_be_there(outline: Outline, place: Place) -> bool:
    if measures_speed(place) or in_runtime_module(place):
        return False
    start = program_of(outline.source.text, place)
    if start.trains is None:
        return False
    return start.unseeded(Stream.TORCH) is not None or may_seed_late(outline, start, _SEEDERS)


def _is_set_aside(context: Context) -> bool:
    return measures_speed(context) or in_runtime_module(context) or uses_another(context.facts)


def _message(unseeded: Unseeded, config: LintConfig) -> str:
    if unseeded.lack is Lack.ACCELERATOR:
        return (
            "the program trains and seeds only the generators of accelerators: weights are drawn "
            "and data are shuffled on the CPU; call `torch.manual_seed(...)`, which seeds all"
        )
    if unseeded.lack is Lack.OPTION:
        return (
            f"the program trains and seeds torch only where `{unseeded.option}` is given, which by "
            "default it is not; give it a number as its default"
        )
    if unseeded.lack is Lack.PARENT:
        return (
            "the program trains in processes that `spawn` starts, and seeds torch only in the one "
            "that starts them; call `torch.manual_seed(...)` in the function that they run"
        )
    elsewhere = or_in_policy(config, "give the runtime's policy a `seed`")
    return (
        "the program trains and never seeds torch, so that no two runs give the same model; call "
        f"`torch.manual_seed(...)` first{elsewhere}"
    )


RULE = Rule(
    code="DET508",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(
        *(b"__main__", b"def main", b"click", b"typer", b"hydra", b"backward("),
        *(b"main(", b"fit(", b"learn(", b"train("),
    ),
    requires=(b"torch",),
    names=dict.fromkeys(sorted(_SEEDERS), check_seed),
    nodes=dict.fromkeys(START_NODES, check_start),
    attributes={"backward": check_script},
    screen=Screen(file=_may_be_there),
    stays=Grounds(
        "which seed, and where the program takes it from, has to be decided",
        "seed once with `rt.manual_seed(...)`, where the program starts",
    ),
)
