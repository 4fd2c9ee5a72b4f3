"""An operation takes a deterministic and slower path in deterministic mode.

## What it does
Reports calls of functions, modules and tensor methods that
`torch.use_deterministic_algorithms(True)` switches to another algorithm: convolutions,
`scatter_add`, `index_add`, `F.interpolate(x, mode="bilinear")`, replication padding and others, on
the condition that the catalogue of operations names. The message says on which devices and in
which pass. Arguments, tensors, `target-devices` and `torch-version` decide as they do for
`raises-in-deterministic-mode`.

Off by default: nothing is wrong with these calls, and nearly every model makes some.

## Why is this bad?
It costs time and memory, and sometimes a lot of both: the deterministic `scatter_add` sorts, and a
decomposed interpolation runs a dozen kernels instead of one. If a deterministic run is slower than
before, look here first.

## Example
Bad:

```python
import torch
import torch.nn.functional as F


def enlarge(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear")
```

Good:

```python
import torch
import torch.nn.functional as F


def enlarge(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
```

## Fix safety
There is no fix: which operation to use instead is a decision about the model.
"""

from __future__ import annotations

from torchdet.findings.base import Grounds, Rule
from torchdet.findings.operations.drafts import checks_of
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.torch_api.operations import Behaviour

_CHECKS = checks_of(Behaviour.SWITCHES, "takes a deterministic, slower path in deterministic mode")

RULE = Rule(
    code="DET402",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    causes=Consequence.CHOICE,
    requires=(b"torch",),
    triggers=_CHECKS.triggers,
    names=_CHECKS.names,
    attributes=_CHECKS.attributes,
    screen=_CHECKS.screen,
    default=False,
    stays=Grounds(
        "which operation to use instead is a decision about the model",
        "measure it, and choose another operation if it matters",
    ),
)
