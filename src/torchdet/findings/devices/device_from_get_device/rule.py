"""`x.get_device()` is -1 on the CPU, where no device has that index.

## What it does
Reports `x.get_device()` on a tensor where its value reaches a place that takes a device: `.to()`,
`device=`, `torch.device()`, `map_location=`. Not reported: an index that the code compares with a
number first, and one behind a condition that asks for an accelerator (`if x.is_cuda:`).

## Why is this bad?
On the CPU the method returns -1, and `.to(-1)` raises `RuntimeError: Device index must not be
negative`. On an accelerator the index alone means CUDA, or whichever accelerator PyTorch was built
for. `x.device` is right everywhere.

## Example
Bad:

```python
import torch


def pad(x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x, torch.zeros(1).to(x.get_device())])
```

Good:

```python
import torch


def pad(x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x, torch.zeros(1).to(x.device)])
```

## Fix safety
The fix writes `x.device`. It is unsafe, because other code may use the index as a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context
from torchdet.reading.devices.device_conditions import Told, device_facts
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.device_arguments import MOVING_METHODS, device_factories, making_methods
from torchdet.torch_api.device_types import ACCELERATOR_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node or call.args:
        return
    confidence = tensor_confidence(node.value, facts)
    if confidence is None or _is_on_accelerator(call, facts):
        return
    uses = [arrival.use for arrival in facts.flow.reaches(call).ends]
    if any(use.kind is UseKind.COMPARED for use in uses):
        return
    if any(_takes_device(use, facts) for use in uses):
        spelled = f"{facts.code(node.value)}.device"
        yield Draft(
            call,
            "`.get_device()` is -1 on the CPU, which is no device; use `.device`",
            NodeFix(f"Use `{spelled}`", Applicability.UNSAFE, (Replace(call, spelled),)),
            confidence=confidence,
        )


def _is_on_accelerator(node: cst.CSTNode, facts: FileFacts) -> bool:
    told = (Told.IS, Told.IS_DEVICE, Told.REQUIRED)
    return any(
        each.kind in ACCELERATOR_TYPES and each.told in told for each in device_facts(node, facts)
    )


def _takes_device(use: Use, facts: FileFacts) -> bool:
    call = use.by
    if use.kind is not UseKind.ARGUMENT or not isinstance(call, cst.Call):
        return False
    if use.slot in {"device", "map_location"}:
        method = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
        known = facts.means(call.func, *device_factories(), "torch.load")
        return known or method in MOVING_METHODS | making_methods()
    if use.slot != 0:
        return False
    if facts.means(call.func, "torch.device"):
        return True
    return isinstance(call.func, cst.Attribute) and call.func.attr.value in MOVING_METHODS


RULE = Rule(
    code="DET313",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"get_device",),
    attributes={"get_device": check},
    screen=Screen(mentions={"get_device": is_called}),
    stays=Grounds(
        "other code may use the index as a number",
        "use `.device` where a device is meant",
    ),
)
