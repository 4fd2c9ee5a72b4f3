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
There is no fix in plain PyTorch: what is saved has to be restored where the checkpoint is loaded.
A migration onto the handle writes both, see `docs/codemods.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.facts.expressions import argument, last_name, string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference

_SAVES_STATE = re.compile(r"rng|getstate\(|random_state|generator_state|\bget_state\(")
_HELPER = re.compile(r"sched|scal|ema\b|criterion|loss", re.IGNORECASE)
_OPTIMIZER = re.compile(r"optim|\bopt(_|\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class CheckpointStates:
    """The dictionary that is saved, and the statements that load the optimizer's state from one."""

    dictionary: cst.Dict
    loads: tuple[OptimizerLoad, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OptimizerLoad:
    """``optimizer.load_state_dict(checkpoint["optimizer"])``, a statement of its own."""

    statement: cst.Expr
    checkpoint: cst.BaseExpression


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    saved = argument(call, "obj", 0)
    if saved is None or _SAVES_STATE.search(facts.source.text):
        return
    for each in facts.flow.sources(saved.value).expressions:
        keys = _optimizer_keys(each, context)
        if isinstance(each, cst.Dict) and keys is not None:
            yield Draft(
                call.func,
                "this checkpoint holds the model and the optimizer and no generator's state, and a "
                "run that goes on from it draws other random numbers; save `torch.get_rng_state()` "
                "and its like too",
                subject=CheckpointStates(each, tuple(_loads(keys, context))),
            )
            return


def _optimizer_keys(node: cst.BaseExpression, context: Context) -> set[str] | None:
    """The keys of optimizers in a dictionary with the states of a model, too, nothing hidden."""
    if not isinstance(node, cst.Dict):
        return None
    models, optimizers = False, set()
    for element in node.elements:
        if not isinstance(element, cst.DictElement):
            return None
        value = element.value
        if isinstance(value, cst.Call) and last_name(value.func) == "state_dict":
            key = string_value(element.key) or ""
            state = f"{key} {context.facts.code(value)}"
            if _OPTIMIZER.search(state):
                optimizers.add(key)
            elif not _HELPER.search(state):
                models = True
    return optimizers if models and optimizers else None


def _loads(keys: set[str], context: Context) -> Iterator[OptimizerLoad]:
    """The statements of the file that load an optimizer's state by one of its keys."""
    parents = context.facts.index.parents
    for call, statement in parents.items():
        if (
            isinstance(call, cst.Call)
            and isinstance(statement, cst.Expr)
            and last_name(call.func) == "load_state_dict"
            and len(call.args) == 1
        ):
            state = call.args[0].value
            if isinstance(state, cst.Subscript) and _key(state) in keys:
                yield OptimizerLoad(statement, state.value)


def _key(subscript: cst.Subscript) -> str | None:
    index = subscript.slice[0].slice
    return string_value(index.value) if isinstance(index, cst.Index) else None


RULE = Rule(
    code="DET509",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    requires=(b"torch",),
    triggers=(b"state_dict",),
    names={"torch.save": check},
    default=False,
)
