"""A question about the card at import keeps the module from being imported without one.

## What it does
Reports calls of `torch.cuda.get_device_capability`, `get_device_name`, `get_device_properties` and
`mem_get_info`, and of those of `torch.xpu`, that run while the module is imported: at module level,
in a class body, a decorator or a default. Not reported: calls behind a condition that asks whether
the accelerator is available, in a `try` that catches what they raise, under
`if __name__ == "__main__":`, and in notebooks.

## Why is this bad?
The functions raise on a machine without CUDA. There nobody can import the module, not even to use
the part that needs no card, and neither tests nor documentation can be built. They also initialise
CUDA, so that the process can no longer fork workers that use it, and `CUDA_VISIBLE_DEVICES` comes
too late.

## Example
Bad:

```python
import torch

IS_HOPPER = torch.cuda.get_device_capability()[0] >= 9
```

Good:

```python
import functools

import torch


@functools.cache
def is_hopper() -> bool:
    return torch.cuda.is_available() and torch.cuda.get_device_capability()[0] >= 9
```

## Fix safety
There is no fix: what the module does without a card is for you to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.devices.device_conditions import Told, device_facts
from torchdet.reading.devices.device_text import words_in
from torchdet.reading.module_role import ModuleRole, module_role, runs_at_import
from torchdet.torch_api.device_queries import QUERIES_OF_PRESENT_DEVICE

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    piecemeal = (ModuleRole.DOCUMENT, ModuleRole.NOTEBOOK)
    if not runs_at_import(call, facts) or module_role(context) in piecemeal:
        return
    kind = reference.name.split(".")[1]
    if not _is_guarded(kind, call, facts):
        yield Draft(
            reference.node,
            f"`{reference.name}` raises at import where the accelerator is missing; ask for it in "
            "a function, behind `is_available()`",
        )


def _is_guarded(kind: str, call: cst.Call, facts: FileFacts) -> bool:
    told = (Told.AVAILABLE, Told.IS, Told.IS_DEVICE, Told.REQUIRED, Told.DEMANDED)
    if any(each.kind == kind and each.told in told for each in device_facts(call, facts)):
        return True
    if any("gpu" in words_in(each.test) for each in facts.flow.conditions(call)):
        return True  # the project's own question
    below: cst.CSTNode = call
    for above in facts.ancestors(call):
        if isinstance(above, cst.Try) and below is above.body and above.handlers:
            return True
        below = above
    return False


RULE = Rule(
    code="DET312",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"get_device_", b"mem_get_info"),
    names=dict.fromkeys(QUERIES_OF_PRESENT_DEVICE, check),
    screen=Screen(mentions=dict.fromkeys(QUERIES_OF_PRESENT_DEVICE, is_called)),
    stays=Grounds(
        "what the module does without a card only its author knows",
        "ask in a function, where `rt.device.type` is the accelerator",
    ),
)
