"""torch is imported before the facade that has to set it up.

## What it does
Under `policy = "facade"`: reports imports of torch that run before the file's import of the
facade (`facade-module`, by default `torchdet.facade`). Imports in functions count against an
import of the facade in the same function; otherwise they run after those at the top. Does nothing
under the other policies. A file that never imports the facade is a case for `raw-import`.

## Why is this bad?
The facade decides and sets the flags while it is imported. What torch or a CUDA library has read
before that, such as `CUBLAS_WORKSPACE_CONFIG`, it can't change any more.

## Example
```toml
policy = "facade"
facade-module = "mypackage.facade"
```

Bad:

```python
import torch
import mypackage.facade
```

Good:

```python
import mypackage.facade
import torch
```

## Fix safety
There is no fix: import sorters have to be told of the order as well, or they undo it.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.enclosing import enclosing_body
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.imports import (
    facade_imports,
    order_key,
    torch_imports,
)
from torchdet.reading.runtime_modules import in_runtime_module


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if in_runtime_module(context):
        return
    for item in torch_imports(node, context):
        if _runs_before_facade(item.node, context):
            yield Draft(
                item.node,
                f"`{item.code}` runs before the facade; move it below "
                f"`import {context.config.facade_module}`",
                subject=item,
            )


def _runs_before_facade(node: cst.CSTNode, context: Context) -> bool:
    facts = context.facts
    function = enclosing_body(node, facts)
    comparable = []
    for facade in facade_imports(context.place, context.facts):
        facade_function = enclosing_body(facade, facts)
        if facade_function is None and function is not None:
            return False
        if function is None or facade_function is function:
            comparable.append(facade)
    here = order_key(node, facts)
    return bool(comparable) and all(
        here < order_key(facade, facts) or enclosing_body(facade, facts) is not function
        for facade in comparable
    )


RULE = Rule(
    code="DET104",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.ERROR,
    triggers=(b"torch",),
    nodes={"Import": check, "ImportFrom": check},
    policies=(Policy.FACADE,),
)
