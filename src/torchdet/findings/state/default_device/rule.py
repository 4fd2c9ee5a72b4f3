"""`torch.set_default_device` moves every tensor that its thread makes from then on.

## What it does
Reports uses of `torch.set_default_device`. Silent are `torch.set_default_device(None)`, which
switches it off, and a call that puts back what `torch.get_default_device()` returned before: the
finding is the call that they undo.

## Why is this bad?
Where a tensor lives then depends on whether this call ran first, in code that never mentions a
device. The default belongs to the thread that set it: threads started by a data loader, a server
or an executor, and spawned workers, go on making tensors on the CPU. It also passes every torch
function through a Python hook.

## Example
Bad:

```python
import torch

torch.set_default_device("cuda")
weights = torch.zeros(3)
```

Good:

```python
import torch


def make_weights(device: torch.device) -> torch.Tensor:
    return torch.zeros(3, device=device)
```

Where many lines need it, `with device:` (a `torch.device`) or, on the runtime's handle,
`with rt.default_device(device):` has an end.

## Fix safety
There is no fix: which of the tensors made later belong on the device is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.findings.base import Draft, Rule
from torchdet.model.config import LintConfig, Policy
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.reading.state.default_writes import (
    DefaultFunctions,
    default_setter,
    is_undone,
    undoes_default,
    written_default,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if in_runtime_module(context):
        return
    switched_off = is_constant(written_default(reference, "device", facts), "None")
    if not switched_off and not _is_put_back(reference, facts):
        yield Draft(
            reference.node,
            "`torch.set_default_device` moves every tensor that this thread makes from now on; "
            "pass `device=` where tensors are made, or use "
            f"{_block_with_default(context.config)}",
            subject=default_setter(reference, facts),
        )


def _is_put_back(reference: Reference, facts: FileFacts) -> bool:
    """Whether the call restores the old value, or a ``finally`` does so after it."""
    return undoes_default(reference, _DEFAULT, facts) or is_undone(reference, _DEFAULT, facts)


_DEFAULT = DefaultFunctions("torch.set_default_device", "device", "torch.get_default_device")


def _block_with_default(config: LintConfig) -> str:
    undecided = config.policy is Policy.UNDECIDED
    return "`with torch.device(...):`" if undecided else "`rt.default_device(...)`"


RULE = Rule(
    code="DET201",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    causes=Consequence.TIED,
    triggers=(b"set_default_device",),
    names={"torch.set_default_device": check},
)
