"""An environment variable that chooses devices is set after PyTorch has read it.

## What it does
Reports code that writes `CUDA_VISIBLE_DEVICES`, `HIP_VISIBLE_DEVICES` or `CUDA_DEVICE_ORDER` after
the file has asked CUDA for something, and `PYTORCH_ENABLE_MPS_FALLBACK` after it has imported
torch. What runs before is told by the order of the statements; a write that may come first is not
reported, nor is the environment of a child process.

## Why is this bad?
The CUDA driver reads its variables when it is initialised, which `torch.cuda.is_available()` does;
the fallback of MPS is decided while torch is imported. Later writes change nothing, and nobody says
so: the program runs on the card that was meant for somebody else.

## Example
Bad:

```python
import os

import torch

use_gpu = torch.cuda.is_available()
os.environ["CUDA_VISIBLE_DEVICES"] = "1"
```

Good:

```python
import os

os.environ["CUDA_VISIBLE_DEVICES"] = "1"

import torch

use_gpu = torch.cuda.is_available()
```

It is better to set it where the program is started: `CUDA_VISIBLE_DEVICES=1 python train.py`.

## Fix safety
There is no fix: moving the statement may move other effects with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.flow.order import Order
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.environment_writes import EnvironmentWrite, checks_of_environment
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.device_queries import INITIALISING_CUDA
from torchdet.torch_api.environment_variables import READ_AT_FIRST_CUDA_CALL, READ_WITH_TORCH

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(write: EnvironmentWrite, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if in_runtime_module(context):
        return
    if write.name in READ_WITH_TORCH:
        readers, when = _imports_of_torch(facts.module, facts), "while torch is imported"
    elif write.name in READ_AT_FIRST_CUDA_CALL:
        readers, when = _initialising_calls(facts.module, facts), "when CUDA is first used"
    else:
        return
    reader = next(
        (each for each in readers if facts.flow.before(each, write.node) is Order.CERTAINLY), None
    )
    if reader is not None:
        yield Draft(
            write.node,
            f"`{write.name}` is read {when}, which has happened before; set it first, or where the "
            "process is started",
        )


@remembered
def _imports_of_torch(module: cst.Module, facts: FileFacts) -> tuple[cst.CSTNode, ...]:
    del module
    return tuple(
        binding.node
        for binding in facts.index.bindings()
        if binding.qualified is not None and binding.qualified.partition(".")[0] == "torch"
        if not facts.under_type_checking(binding.node)
    )


@remembered
def _initialising_calls(module: cst.Module, facts: FileFacts) -> tuple[cst.CSTNode, ...]:
    del module
    calls: list[cst.CSTNode] = []
    for uses in facts.index.uses.values():
        for use in uses:
            call = facts.index.parents.get(use.node)
            called = isinstance(call, cst.Call) and call.func is use.node
            if called and call is not None and facts.means(use.node, *INITIALISING_CUDA):
                calls.append(call)
    return tuple(calls)


RULE = Rule(
    code="DET207",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=tuple(name.encode() for name in sorted(READ_WITH_TORCH | READ_AT_FIRST_CUDA_CALL)),
    names=checks_of_environment(check),
    stays=Grounds(
        "moving the statement may move other effects with it",
        "set the variable before torch is imported, or where the process is started",
    ),
)
