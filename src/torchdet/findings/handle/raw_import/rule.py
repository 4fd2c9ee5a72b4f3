"""torch is imported past the runtime.

## What it does
Reports imports of torch or of a submodule of it: at the top of a file, in functions, in
`try/except ImportError`. Silent are imports under `if TYPE_CHECKING:` and the modules that
`runtime-modules` names. The policy decides what is asked for instead:

- `handle`: `rt = get_torch_handle()`, then `torch = rt.torch`.
- `facade`: the import of the facade. It makes every `import torch` after it fine, so that only
  the first import in a file without it is reported (one before it is `torch-before-facade`).
- `effects`: nothing; every import of torch is fine.
- `inject`: a parameter that brings the handle. A handle kept at module level is
  `misplaced-handle`.

In a project that has chosen no policy and does not use torchdet, the findings are of severity
`info`, and `torchdet lint` only counts them.

Each alias of `import a, b` is a finding of its own; `from torch import a, b` is one.

## Why is this bad?
`import torch` yields a torch in whatever state the process happens to have: nobody has said that
its flags are set, which device it may use, or that the machine can do what the program needs. The
runtime decides that once, applies it, reads it back, and only then hands torch out.

## Example
Bad:

```python
import torch
import torch.nn as nn

model = nn.Linear(2, 2)
```

Good:

```python
from typing import TYPE_CHECKING

from torchdet.runtime import get_torch_handle

if TYPE_CHECKING:
    import torch
else:
    torch = get_torch_handle().torch
nn = torch.nn

model = nn.Linear(2, 2)
```

The pair under `TYPE_CHECKING` keeps type checkers content; without them, `torch = rt.torch` is
enough.

## Fix safety
There is no fix in place: modules that import each other have to change together.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.facts.screen import Outline
from torchdet.findings.base import Draft, Rule
from torchdet.findings.handle.raw_import.plain_imports import plain_torch_imports
from torchdet.findings.screen import PlainDraft, Screen
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Place
from torchdet.reading.imports import (
    IMPORTS,
    ImportedModule,
    ModuleImport,
    facade_imports,
    order_key,
    torch_imports,
)
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.torch_modules import LOADED_WITH_TORCH, on_handle

_MOST_NAMED = 3


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if context.config.policy is Policy.EFFECTS:
        return
    for item in torch_imports(node, context):
        if not in_runtime_module(context) and _is_asked_about(item, context):
            yield Draft(item.node, _message(item, context.place), subject=item)


def _is_asked_about(item: ModuleImport, context: Context) -> bool:
    """Under the facade's policy one import speaks for the file: the first."""
    if context.config.policy is not Policy.FACADE:
        return True
    if facade_imports(context.place, context.facts):
        return False
    nodes = context.facts.index.nodes
    every = (
        found.node
        for node_type in IMPORTS
        for node in nodes.get(node_type, ())
        for found in torch_imports(node, context)
    )
    return item.node is min(every, key=lambda found: order_key(found, context.facts))


def _accusation(item: ImportedModule, place: Place) -> str:
    if place.config.policy is Policy.FACADE:
        return f"`{item.code}` in a module that never imports the facade"
    if place.config.policy is Policy.UNDECIDED:
        return f"`{item.code}` takes torch in whatever state the process has it"
    return f"`{item.code}` bypasses the runtime"


def _remedy(item: ImportedModule, place: Place) -> str:
    policy = place.config.policy
    if policy is Policy.UNDECIDED:
        return "no policy is chosen yet: `torchdet init`"
    if policy is Policy.FACADE:
        return f"put `import {place.config.facade_module}` before it"
    if policy is Policy.INJECT:
        reached = on_handle(item.module)
        return f"take the handle as a parameter (`rt: TorchHandle`) and use `{reached}`"
    return f"{_rewritten(item)}, with `rt = get_torch_handle()`"


def _rewritten(item: ImportedModule) -> str:
    reached = on_handle(item.module)
    if item.names is None:
        if item.bound != "torch" or item.module == "torch":
            return f"write `{item.bound} = {reached}`"
        loading = "" if item.module in LOADED_WITH_TORCH else f" and `{reached}`"
        return f"write `torch = rt.torch`{loading}"
    if len(item.names) == 1:
        name, bound = item.names[0]
        whole = f"{item.module}.{name}"
        value = on_handle(whole) if whole in LOADED_WITH_TORCH else f"{reached}.{name}"
        return f"write `{bound} = {value}`"
    names = ", ".join(f"`{name}`" for name, _ in item.names)
    shown = names if 0 < len(item.names) <= _MOST_NAMED else "the names"
    return f"take {shown} from `{reached}`"


def decide(outline: Outline, place: Place) -> tuple[PlainDraft, ...] | None:
    """The findings, where an outline is enough to tell them."""
    in_torch = place.module_name.partition(".")[0] == "torch"  # whose relative imports are torch's
    if place.config.policy is Policy.FACADE or in_torch:
        return None
    if in_runtime_module(place) or place.config.policy is Policy.EFFECTS:
        return ()
    imports = plain_torch_imports(outline)
    if imports is None:
        return None
    return tuple(
        PlainDraft(each.start, each.end, _message(each.item, place), *each.rows, each.inside)
        for each in imports
    )


def _message(item: ImportedModule, place: Place) -> str:
    return f"{_accusation(item, place)}; {_remedy(item, place)}"


RULE = Rule(
    code="DET101",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"torch",),
    nodes=dict.fromkeys(IMPORTS, check),
    screen=Screen(decide=decide),
)
