"""`from torch import *` hides which names of a file come from torch.

## What it does
Reports star imports from torch and its submodules, except under `if TYPE_CHECKING:`.

## Why is this bad?
Readers cannot tell which names are torch's: `sum`, `abs`, `range` and some hundred others silently
stop being Python's, and which ones depends on the release of torch. The other rules resolve these
names as torch 2.13 exports them, but report them as likely where another star import may bind them.

## Example
Bad:

```python
from torch.nn import *

model = Linear(2, 2)
```

Good:

```python
from torch import nn

model = nn.Linear(2, 2)
```

## Fix safety
There is no fix: which names the file takes from torch depends on the release.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.facts.screen import Outline
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Place
from torchdet.reading.imports import torch_imports

STAYS = Grounds(
    "which names a star import brings depends on the release of torch",
    "import the names that the file uses, or the module, and migrate again",
)


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    for item in torch_imports(node, context):
        if item.names == ():
            parent, _, last = item.module.rpartition(".")
            instead = f"from {parent} import {last}" if parent else f"import {last}"
            yield Draft(
                item.node,
                f"`{item.code}` hides which names are torch's; write `{instead}` and `{last}.name`",
            )


def _may_be_there(outline: Outline, place: Place) -> bool:
    in_torch = place.module_name.partition(".")[0] == "torch"
    stars = (each.origin for each in outline.imports if each.is_star)
    return any(origin.startswith("torch") or in_torch for origin in stars)


RULE = Rule(
    code="DET102",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"torch",),
    nodes={"ImportFrom": check},
    screen=Screen(file=_may_be_there),
    stays=STAYS,
)
