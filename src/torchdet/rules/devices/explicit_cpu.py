"""`"cpu"` written as a device keeps the code off every accelerator.

## What it does
Reports the literal `"cpu"` where it stands for a device, in the same places in which DET301
reports accelerators. Silent are `map_location`, where the CPU is the portable choice, and a CPU
that is the fallback of a choice by availability. The rule is off by default.

## Why is this bad?
Often it isn't: data loading, saving and numpy need tensors on the CPU. But where the rest of a
program follows the configured device, a forgotten `"cpu"` computes on other hardware, with other
rounding, than the run's record says. Select the rule to look through these places.

## Example
Bad:

```python
import torch

mask = torch.ones(8, device="cpu")
```

Good:

```python
import torch


def make_mask(x):
    return torch.ones(8, device=x.device)
```

## Fix safety
There is no fix: whether the CPU is meant is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst
from torchdet.model.diagnostic import Severity
from torchdet.rules.base import Context, Draft, Rule
from torchdet.rules.devices.device_text import device_text
from torchdet.rules.devices.hardcoded_device import hardcoded_position
from torchdet.rules.wording import runtime_device

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    text = device_text(node)
    if text is None or text.type != "cpu" or not isinstance(node, cst.BaseExpression):
        return
    found = hardcoded_position(node, text, context)
    if found is None or _is_load_location(found.node, context.facts):
        return
    if not _is_fallback(node, context.facts):
        device = runtime_device(context.config, indexed=False)
        yield Draft(
            node,
            f"explicit CPU; take the device from the caller or from a tensor, or use {device}, "
            "unless the CPU is meant",
        )


def _is_load_location(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` says where a checkpoint is loaded to."""
    for above in (node, *facts.ancestors(node)):
        if isinstance(above, cst.Arg):
            if above.keyword is not None and above.keyword.value.endswith("map_location"):
                return True
        elif isinstance(above, cst.Call):
            if facts.means(above.func, "torch.load", "torch.jit.load"):
                return True
        elif isinstance(above, cst.Param):
            return above.name.value.endswith("map_location")
        elif isinstance(above, (cst.BaseSmallStatement, cst.BaseStatement)):
            return False
    return False


def _is_fallback(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` is what is left when `torch.accelerator` knows no accelerator."""
    for above in facts.ancestors(node):
        if isinstance(above, cst.BooleanOperation) and isinstance(above.left, cst.Call):
            return facts.means(above.left.func, "torch.accelerator.current_accelerator")
        if not isinstance(above, (cst.Arg, cst.Call)):
            return False
    return False


RULE = Rule(
    code="DET308",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    triggers=(b'"cpu', b"'cpu"),
    nodes={"SimpleString": check},
    default=False,
)
