"""A library around PyTorch is told to use one kind of accelerator.

## What it does
Reports arguments of libraries that ask for a kind of accelerator by name: `accelerator="gpu"`,
`"cuda"`, `"mps"` or `"tpu"` of Lightning's `Trainer` and `Fabric`, and the numbers of cards of
older releases (`Trainer(gpus=1)`, `tpu_cores=8`).

Not reported: `"auto"`, `"cpu"`, a value that is chosen at run time or comes from an option, and a
call in the part of the code that runs for this kind of device only. A literal such as
`device="cuda"` belongs to `hardcoded-device`, a card that is picked by number to
`hardcoded-device-index`.

## Why is this bad?
The program stops on every machine without such an accelerator, a CPU-only CI among them, although
the library chooses by itself what the machine has.

## Example
Bad:

```python
import lightning as L

trainer = L.Trainer(accelerator="gpu", max_epochs=3)
```

Good:

```python
import lightning as L

trainer = L.Trainer(accelerator="auto", max_epochs=3)
```

## Fix safety
No fix: a program that needs this accelerator, as one that trains in half precision may, has to say
so.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.devices.library_devices import passed_devices, passes_device
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.devices.dispatch import serves_one_type
from torchdet.torch_api.library_arguments import kind_arguments


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    for each, passed, literal in passed_devices(call, kind_arguments()[reference.name], facts):
        kind = string_value(literal)
        if not serves_one_type(kind if kind in _TYPES else "cuda", passed, context):
            yield Draft(
                passed,
                f"`{each.keyword}={facts.code(literal)}` stops where there is no such accelerator; "
                f"{each.instead}",
            )


_TYPES = frozenset({"mps", "tpu", "hpu", "xpu"})
"""The kinds that are named as torch names them; the others stand for CUDA."""

RULE = Rule(
    code="DET316",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"lightning",),
    triggers=(b"accelerator", b"gpus", b"tpu_cores"),
    names=dict.fromkeys(kind_arguments(), check),
    screen=Screen(mentions={name: passes_device(rows) for name, rows in kind_arguments().items()}),
    stays=Grounds(
        "which accelerators the program is for has to be decided",
        "pass what the finding's message names",
    ),
)
