"""A `DistributedSampler` whose `set_epoch` is never called repeats one order in every epoch.

## What it does
Reports a shuffling `DistributedSampler` whose loader the same file iterates epoch after epoch,
where no code of the file calls `set_epoch`; comments and docstrings that name it do not count.

Silent are samplers with `shuffle=False`, those for validation and tests, loaders that are handed
to code elsewhere, and files that leave the loop to Lightning, Accelerate or the `Trainer` of
Transformers, which call `set_epoch` themselves.

## Why is this bad?
The sampler shuffles with a generator seeded from `seed + epoch`, and only `set_epoch` changes the
epoch. Without it every epoch has the same order, and every batch the same neighbours: the program
shuffles once and not, as it seems, in each epoch. A run that goes on from a checkpoint cannot set
the order that it should go on with either.

## Example
Bad:

```python
from torch.utils.data import DataLoader, DistributedSampler

loader = DataLoader(dataset, sampler=DistributedSampler(dataset))
for epoch in range(10):
    for batch in loader:
        step(batch)
```

Good:

```python
from torch.utils.data import DataLoader, DistributedSampler

sampler = DistributedSampler(dataset)
loader = DataLoader(dataset, sampler=sampler)
for epoch in range(10):
    sampler.set_epoch(epoch)
    for batch in loader:
        step(batch)
```

## Fix safety
There is no fix: the call belongs into the loop over the epochs, with its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, is_constant, last_name, string_value
from torchdet.facts.flow.arrivals import Arrival
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference
from torchdet.torch_api.data_loading import DISTRIBUTED_SAMPLERS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_LOOPS_ELSEWHERE = (
    "accelerate",
    "lightning",
    "lightning_fabric",
    "pytorch_lightning",
    "transformers.Seq2SeqTrainer",
    "transformers.Trainer",
)
_METHOD = "set_epoch"
_EVALUATION = re.compile(r"val|test|eval|dev\b|predict|infer", re.IGNORECASE)
_WRAPPERS = frozenset({"enumerate", "iter", "tqdm", "zip", "list", "track", "cycle"})


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or not call.args:
        return
    shuffle = argument(call, "shuffle", 3)
    if shuffle is not None and not is_constant(shuffle.value, "True"):
        return
    if any(arg.star for arg in call.args) or _names_set_epoch(facts.module, facts):
        return
    if any(
        f"{module}.".startswith(f"{name}.")
        for module in facts.imported_modules
        for name in _LOOPS_ELSEWHERE
    ):
        return
    arrivals = facts.flow.reaches(call, lambda node: _wrapped(node, context), _is_for_evaluation)
    loops = [each.use.by for each in arrivals.every if not each.path]
    if any(isinstance(each, cst.For) and _trains_again(each, context) for each in loops):
        elsewhere = any(_leaves_file(each, context) for each in arrivals.ends)
        yield Draft(
            call.func,
            f"nothing calls `set_epoch` of this `{last_name(call.func)}`, and every epoch has the "
            "same order; call it with the epoch before each pass over the loader",
            confidence=Confidence.LIKELY if elsewhere else Confidence.CERTAIN,
        )


@remembered
def _names_set_epoch(module: cst.Module, facts: FileFacts) -> bool:
    """Whether the code of the file has the method; its comments and docstrings may well."""
    del facts
    return any(
        (isinstance(node, cst.Attribute) and node.attr.value == _METHOD)
        or (isinstance(node, cst.FunctionDef) and node.name.value == _METHOD)
        or (isinstance(node, cst.SimpleString) and string_value(node) == _METHOD)
        for node in descendants(module)
    )


def _wrapped(node: cst.BaseExpression, context: Context) -> list[cst.BaseExpression] | None:
    """What a pass over ``node`` passes over: the sampler of a loader, the loader in ``tqdm``."""
    if not isinstance(node, cst.Call) or context.facts.flow.callees(node):
        return None
    name = last_name(node.func) or ""
    every = name in _WRAPPERS or name.endswith("BatchSampler")
    return [
        arg.value
        for arg in node.args
        if not arg.star
        and (every or (arg.keyword is not None and arg.keyword.value.endswith("sampler")))
    ]


def _is_for_evaluation(use: Use) -> bool:
    """Whether a name or attribute says that what it holds evaluates: ``val_loader``."""
    named = isinstance(use.node, (cst.Name, cst.Attribute))
    return named and _EVALUATION.search(last_name(use.node) or "") is not None


def _leaves_file(arrival: Arrival, context: Context) -> bool:
    """Whether code elsewhere receives the sampler or the loader, and could call `set_epoch`."""
    use = arrival.use
    if use.kind is UseKind.ARGUMENT and isinstance(use.by, cst.Call):
        known = context.facts.flow.callees(use.by)
        return not known and last_name(use.by.func) not in {"len", "isinstance", "print"}
    return use.kind in (UseKind.RETURNED, UseKind.YIELDED, UseKind.ELEMENT, UseKind.UNPACKED)


def _trains_again(loop: cst.For, context: Context) -> bool:
    """Whether a loop over a loader trains, and runs more than once."""
    facts = context.facts
    for above in facts.ancestors(loop):
        if isinstance(above, cst.With) and "no_grad" in facts.code(above.items[0]):
            return False
        if isinstance(above, cst.FunctionDef):
            decorators = [facts.code(each.decorator) for each in above.decorators]
            if _EVALUATION.search(above.name.value) is not None or any(
                "no_grad" in each or "inference_mode" in each for each in decorators
            ):
                return False
            break
    return _runs_again(loop, context)


def _runs_again(loop: cst.For, context: Context) -> bool:
    """Whether ``loop`` stands in another, or in a function that is called in one."""
    facts = context.facts
    pending: list[cst.CSTNode] = [loop]
    seen: set[cst.CSTNode] = set()
    while pending:
        node = pending.pop()
        for above in facts.ancestors(node):
            if isinstance(above, (cst.For, cst.While)):
                return True
            if isinstance(above, (cst.FunctionDef, cst.Lambda)):
                if isinstance(above, cst.FunctionDef) and above not in seen:
                    seen.add(above)
                    pending += facts.flow.callers(above).calls
                break
    return False


RULE = Rule(
    code="DET510",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"DistributedSampler",),
    names=dict.fromkeys(DISTRIBUTED_SAMPLERS, check),
    stays=Grounds(
        "the call needs the number of the epoch, in the loop over the epochs",
        "call `set_epoch(epoch)` at the beginning of each epoch",
    ),
)
