"""A program whose code uses torch never applies the runtime.

## What it does
Reports an entry point, where the file or a module of the project that it imports brings torch, and
none of them calls `get_torch_handle()` or `apply_torch_runtime(...)`. An entry point is an
`if __name__ == "__main__":` block, a console script of the project's metadata, or a package's
`__main__.py`. A block that only calls one function of the file means that function.

It is asked only under the policies `handle`, `effects` and `inject`.

## Why is this bad?
Importing a library sets nothing, so that the program has to: until it applies the runtime, a
deferred handle answers by the policy, while no flag is set and no seed is given. The same program
may then give other bits tomorrow.

## Example
Bad:

```python
import torch


def main() -> None:
    print(torch.ones(2))


if __name__ == "__main__":
    main()
```

Good:

```python
import torch

from torchdet.runtime import get_torch_handle


def main() -> None:
    get_torch_handle()
    print(torch.ones(2))


if __name__ == "__main__":
    main()
```

## Fix safety
There is no fix in place: what the runtime sets can change numbers, and make operations raise that
have no deterministic implementation.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.facts.screen import Outline
from torchdet.findings.base import Draft, Rule
from torchdet.findings.screen import Screen
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Place
from torchdet.reading.entry_points import entry_points, lacks_runtime, may_begin
from torchdet.reading.runtime_modules import in_runtime_module


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    """Each place in the module where a program begins."""
    del node
    if in_runtime_module(context):
        return
    for entry in entry_points(context):
        if lacks_runtime(context.facts.source.text, context.place):
            yield Draft(
                entry.node,
                "the program never applies the runtime, so that no flag is set; call "
                "`get_torch_handle()` first",
                subject=entry,
            )


def _may_be_there(outline: Outline, place: Place) -> bool:
    if in_runtime_module(place) or not may_begin(outline, place):
        return False
    return lacks_runtime(outline.source.text, place)


RULE = Rule(
    code="DET107",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"import",),
    policies=(Policy.AUTO, Policy.HANDLE, Policy.EFFECTS, Policy.INJECT),
    nodes={"Module": check},
    screen=Screen(file=_may_be_there),
)
