"""`torch.set_default_dtype` changes the dtype of every tensor that is made from then on.

## What it does
Reports uses of `torch.set_default_dtype`. Not reported: a call that puts back what
`torch.get_default_dtype()` returned before, and one that a `finally` undoes in this way.

## Why is this bad?
The default dtype belongs to the process: code in other modules and threads computes in another
precision depending on whether this call ran first, and so does everything that a test runs after
the one that made it.

## Example
Bad:

```python
import torch

torch.set_default_dtype(torch.float64)
weights = torch.zeros(3)
```

Good:

```python
import torch

weights = torch.zeros(3, dtype=torch.float64)
```

Code on the runtime's handle can also open `with rt.default_dtype(torch.float64):` around the
lines that need it.

## Fix safety
There is no fix: which of the tensors made later should have the dtype is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.findings.base import Draft, Rule
from torchdet.findings.wording import or_in_policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.reading.state.default_writes import (
    DefaultFunctions,
    default_setter,
    is_undone,
    undoes_default,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    if in_runtime_module(context):
        return
    if not _is_put_back(reference, context.facts):
        yield Draft(
            reference.node,
            "`torch.set_default_dtype` changes the dtype for the whole process; pass `dtype=` "
            f"where tensors are made{or_in_policy(context.config, 'use `rt.default_dtype(...)`')}",
            subject=default_setter(reference, context.facts),
        )


def _is_put_back(reference: Reference, facts: FileFacts) -> bool:
    """Whether the call restores the old value, or a ``finally`` does so after it."""
    return undoes_default(reference, _DEFAULT, facts) or is_undone(reference, _DEFAULT, facts)


_DEFAULT = DefaultFunctions("torch.set_default_dtype", "d", "torch.get_default_dtype")

RULE = Rule(
    code="DET202",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    eased_in_tests=True,
    triggers=(b"set_default_dtype",),
    names={"torch.set_default_dtype": check},
)
