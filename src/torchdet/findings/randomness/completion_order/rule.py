"""Results taken in the order in which they happen to be finished.

## What it does
Reports `as_completed` of `concurrent.futures`, `asyncio` and Dask, and `imap_unordered` of a pool
of processes, in files that use torch, where the order of the results shows: in a list that is
indexed by a data set, numbered, split, drawn from, put together or returned.

Not reported: loops that put each result under a key of its own, sort the results, or handle each by
itself.

## Why is this bad?
What is finished first depends on the load of the machine. The same seed then shuffles another
sequence, so that other samples land in the validation set, and class numbers change their meaning.

## Example
Bad:

```python
from concurrent.futures import ThreadPoolExecutor, as_completed

import torch


def tensors(files):
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(torch.load, file) for file in files]
        loaded = []
        for future in as_completed(futures):
            loaded.append(future.result())
    return torch.stack(loaded)
```

Good:

```python
from concurrent.futures import ThreadPoolExecutor

import torch


def tensors(files):
    with ThreadPoolExecutor() as pool:
        return torch.stack(list(pool.map(torch.load, files)))
```

## Fix safety
`pool.imap_unordered` becomes `pool.imap`, which yields in the order of its arguments. The fix is
unsafe: results are waited for. `as_completed` has no fix: iterate over the futures themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.lazy import cst
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.randomness.order_effects import PICKED, OrderUse
from torchdet.reading.randomness.order_uses import order_uses
from torchdet.reading.randomness.torch_files import uses_torch

_FUNCTIONS = (
    "asyncio.as_completed",
    "concurrent.futures.as_completed",
    "dask.distributed.as_completed",
    "distributed.as_completed",
)
_METHOD = "imap_unordered"


def check_function(reference: Reference, context: Context) -> Iterator[Draft]:
    """A function that yields what is finished."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        use = _order_use(call, context)
        if use is not None:
            yield Draft(
                call.func,
                f"`{reference.name.rpartition('.')[2]}` yields in the order in which results are "
                f"finished, and {use.effect}; iterate over the futures in their own order",
                confidence=use.confidence,
            )


def check_method(attribute: cst.Attribute, context: Context) -> Iterator[Draft]:
    """A method of a pool."""
    call = context.facts.parent(attribute)
    if isinstance(call, cst.Call) and call.func is attribute:
        use = _order_use(call, context)
        if use is not None:
            fix = NodeFix(
                "Yield in the order of the arguments",
                Applicability.UNSAFE,
                (Replace(attribute.attr, "imap"),),
            )
            yield Draft(
                call.func,
                f"`{_METHOD}` yields in the order in which results are finished, and {use.effect}; "
                "use `imap`",
                fix,
                use.confidence,
            )


def _order_use(call: cst.Call, context: Context) -> OrderUse | None:
    if not uses_torch(context.facts):
        return None
    # Whoever picks one of the first results wants the fastest.
    return next((use for use in order_uses(call, context.facts) if use is not PICKED), None)


RULE = Rule(
    code="DET512",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"as_completed", b"imap_unordered"),
    names=dict.fromkeys(_FUNCTIONS, check_function),
    attributes={_METHOD: check_method},
    screen=Screen(mentions=dict.fromkeys((*_FUNCTIONS, _METHOD), is_called)),
    stays=Grounds(
        "the order of the results changes what the program computes, not where",
        "take the results in the order of their arguments, or keep each under a key of its own",
    ),
)
