"""`torch.set_default_tensor_type` changes dtype and device of every tensor made from then on.

## What it does
Reports uses of `torch.set_default_tensor_type`.

## Why is this bad?
One call changes two defaults for every module of the program: with
`torch.cuda.FloatTensor` all tensors are made on a CUDA device, which fails on machines without
one, and with `torch.DoubleTensor` all are made in float64. The function has been deprecated since
PyTorch 2.1.

## Example
Bad:

```python
import torch

torch.set_default_tensor_type(torch.cuda.DoubleTensor)
weights = torch.zeros(3)
```

Good:

```python
import torch


def make_weights(device: torch.device) -> torch.Tensor:
    return torch.zeros(3, dtype=torch.float64, device=device)
```

## Fix safety
There is no fix: which of the tensors made later should have the dtype and the device is for a
person to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.runtime_modules import in_runtime_module


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    if not in_runtime_module(context):
        yield Draft(
            reference.node,
            "`torch.set_default_tensor_type` is deprecated and changes dtype and device for the "
            "whole process; pass `dtype=` and `device=` where tensors are made",
        )


RULE = Rule(
    code="DET203",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    causes=Consequence.TIED,
    triggers=(b"set_default_tensor_type",),
    names={"torch.set_default_tensor_type": check},
    stays=Grounds(
        "it sets the default dtype and the default device at once",
        "pass `dtype=` and `device=` where tensors are made",
    ),
)
