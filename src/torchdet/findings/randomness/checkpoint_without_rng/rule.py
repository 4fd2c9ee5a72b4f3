"""A checkpoint without the state of the generators cannot go on as the run would have.

## What it does
Reports `torch.save` of a dictionary that holds the `state_dict()` of a model and of an optimizer,
in a file that saves no generator's state. It is off by default.

## Why is this bad?
Model, optimizer and schedule go on where they stopped, but dropout, augmentation and shuffling
start with other random numbers than the uninterrupted run would have drawn. Two runs with one
seed, one of them interrupted, no longer agree.

## Example
Bad:

```python
import torch

torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
```

Good:

```python
import random

import numpy as np
import torch

torch.save(
    {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": {
            "python": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
        },
    },
    path,
)
```

## Fix safety
There is no fix: what is saved has to be restored where the checkpoint is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.facts.expressions import argument, last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference

_SAVES_STATE = re.compile(r"rng|getstate\(|random_state|generator_state|\bget_state\(")
_HELPER = re.compile(r"sched|scal|ema\b|criterion|loss", re.IGNORECASE)
_OPTIMIZER = re.compile(r"optim|\bopt(_|\b)", re.IGNORECASE)


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    saved = argument(call, "obj", 0)
    if saved is None or _SAVES_STATE.search(facts.source.text):
        return
    if any(_holds_run(each, context) for each in facts.flow.sources(saved.value).expressions):
        yield Draft(
            call.func,
            "this checkpoint holds the model and the optimizer and no generator's state, and a run "
            "that goes on from it draws other random numbers; save `torch.get_rng_state()` and its "
            "like too",
        )


def _holds_run(node: cst.BaseExpression, context: Context) -> bool:
    """Whether it is a dictionary with the states of a model and an optimizer, nothing hidden."""
    if not isinstance(node, cst.Dict):
        return False
    states = []
    for element in node.elements:
        if not isinstance(element, cst.DictElement):
            return False
        value = element.value
        if isinstance(value, cst.Call) and last_name(value.func) == "state_dict":
            key = string_value(element.key) or ""
            states.append(f"{key} {context.facts.code(value)}")
    optimizers = [state for state in states if _OPTIMIZER.search(state)]
    models = [state for state in states if not _HELPER.search(state) and state not in optimizers]
    return bool(optimizers) and bool(models)


RULE = Rule(
    code="DET509",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    requires=(b"torch",),
    triggers=(b"state_dict",),
    names={"torch.save": check},
    default=False,
    stays=Grounds(
        "what is saved has to be restored where the checkpoint is loaded",
        "save the state of the generators beside the model, and restore both",
    ),
)
