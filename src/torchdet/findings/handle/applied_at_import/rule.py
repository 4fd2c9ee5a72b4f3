"""A library applies the runtime when it is imported.

## What it does
Reports `get_torch_handle()` and `apply_torch_runtime(...)` that run when a module of a package is
imported. Not reported: the block under `if __name__ == "__main__":`, tests, scripts that belong to
no package, and the modules that `runtime-modules` names.

## Why is this bad?
Applying the runtime sets flags of the whole process. Whoever imports the library gets deterministic
algorithms, loses their own `cudnn.benchmark`, and can no longer choose a policy: a second one
raises `PolicyConflictError`. Whether and how torch is set up is for the program to say.

## Example
Bad:

```python
# kit/net.py
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
```

Good:

```python
# kit/net.py
from torchdet.runtime import deferred_handle

rt = deferred_handle()
```

The program's entry point calls `get_torch_handle()`; until it does, `rt` decides by the policy and
sets nothing.

## Fix safety
There is no fix in place: a program that relied on the import has to apply the runtime itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from torchdet.facts.handle_names import APPLYING
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.module_role import ModuleRole, module_role, runs_at_import
from torchdet.reading.runtime_modules import in_runtime_module


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    """A call that applies the runtime."""
    call = context.facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    if context.config.policy is Policy.INJECT or not _is_imported(context):
        return
    if runs_at_import(call, context.facts):
        applying = reference.name.rpartition(".")[2]
        yield Draft(
            call,
            f"`{applying}` sets up the process of whoever imports this module; hold "
            "`deferred_handle()` and let the program's entry point apply the runtime",
            subject=call,
        )


def _is_imported(context: Context) -> bool:
    """Whether the file is a module of a package, other than its runtime module or a test."""
    role = module_role(context)
    if role not in (ModuleRole.LIBRARY, ModuleRole.ENTRY_POINT) or in_runtime_module(context):
        return False
    name = PurePath(context.path).name
    return ("." in context.module_name or name == "__init__.py") and name != "__main__.py"


RULE = Rule(
    code="DET106",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"torchdet",),
    names=dict.fromkeys(sorted(APPLYING), check),
)
