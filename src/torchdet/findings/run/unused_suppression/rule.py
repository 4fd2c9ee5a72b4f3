"""A suppression that suppresses nothing.

## What it does
Reports a `# noqa: DET…` or `# torchdet: ignore[…]` comment that names a rule which finds nothing
there. Off by default. A bare `# noqa` and codes of other tools are never reported, nor are codes
of rules that this run did not select.

## Why is this bad?
A suppression that outlives its finding hides the next one on that line.

## Example
Bad:

```python
import torch


def total(values: torch.Tensor) -> torch.Tensor:
    return values.sum()  # noqa: DET302
```

Good:

```python
def total(values):
    return values.sum()
```

## Fix safety
There is no fix: delete the comment, or the code that it names.
"""

from __future__ import annotations

from torchdet.findings.base import Rule
from torchdet.model.diagnostic import Severity

RULE = Rule(
    code="DET902",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"noqa", b"NOQA", b"torchdet:"),
    default=False,
)
