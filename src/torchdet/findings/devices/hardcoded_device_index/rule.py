"""A literal device index pins the work to one card of one machine.

## What it does
Reports integer literals that say which device does the work: in `torch.cuda.set_device(0)` and
its counterparts, `torch.cuda.device(1)`, `.cuda(0)`, `.to(0)`, `torch.device(0)`,
`torch.device("cuda", 1)`, `device=0` of functions that make tensors, and in the `device_ids` and
`output_device` of `DataParallel` and `DistributedDataParallel`. An index inside a string
(`"cuda:0"`) belongs to `hardcoded-device`.

So are the cards that libraries around PyTorch are told, where a file imports them: `device=0` of
`transformers.pipeline` and of Ultralytics' methods, `devices=[0]` of Lightning's `Trainer`,
`device_map={"": 0}` of `from_pretrained` and accelerate. A number of devices (`devices=2`) is no
finding.

## Why is this bad?
The number is right on the machine where it was written. With another number of cards, under a
launcher that starts one process a card, or beside a colleague's job, the work lands on a card
that is missing, taken, or not the one that the process was given.

## Example
Bad:

```python
import torch

torch.cuda.set_device(0)
model = torch.nn.parallel.DistributedDataParallel(model, device_ids=[0])
```

Good:

```python
import os

import torch

local_rank = int(os.environ["LOCAL_RANK"])
torch.cuda.set_device(local_rank)
model = torch.nn.parallel.DistributedDataParallel(model, device_ids=[local_rank])
```

## Fix safety
There is no fix: which index is meant, the local rank or a choice of the user, is for a person to
say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.facts.expressions import argument, int_value
from torchdet.facts.lazy import cst
from torchdet.findings.arguments_screen import is_called, passes_integer
from torchdet.findings.base import Draft, Rule
from torchdet.findings.devices.library_devices import (
    imported_arguments,
    passed_devices,
    passes_device,
)
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.dispatch import is_expected_value
from torchdet.torch_api.device_arguments import (
    CURRENT_DEVICE_BLOCKS,
    CURRENT_DEVICE_SETTERS,
    DATA_PARALLEL_WRAPPERS,
    device_factories,
)
from torchdet.torch_api.library_arguments import LibraryArgument, card_arguments


@dataclass(frozen=True, slots=True)
class LiteralIndex:
    """``node``, an argument of ``call`` that is one literal index or a list of them."""

    node: cst.BaseExpression
    call: cst.Call
    by_library: bool = False
    """Whether a library around torch takes it, which has its own way to name a device."""


def check_selection(reference: Reference, context: Context) -> Iterator[Draft]:
    """`torch.cuda.set_device(0)`, `with torch.cuda.device(0)`."""
    call = _call_of(reference, context)
    if call is not None:
        yield from _literal_index(call, argument(call, "device", 0))


def check_device(reference: Reference, context: Context) -> Iterator[Draft]:
    """`torch.device(0)`, `torch.device("cuda", 0)`."""
    call = _call_of(reference, context)
    if call is None:
        return
    if is_expected_value(call, context.facts):
        return
    kind = argument(call, "type", 0)
    if argument(call, "device", 0) is not None:
        yield from _literal_index(call, argument(call, "device", 0))
    text = device_text(kind.value) if kind is not None else None
    if text is not None and text.is_accelerator:
        yield from _literal_index(call, argument(call, "index", 1))


def check_parallel(reference: Reference, context: Context) -> Iterator[Draft]:
    """`device_ids=[0, 1]`, `output_device=0`."""
    call = _call_of(reference, context)
    if call is None:
        return
    ids, output = DATA_PARALLEL_WRAPPERS[reference.name]
    listed = argument(call, "device_ids", ids)
    if listed is not None and isinstance(listed.value, (cst.List, cst.Tuple)):
        elements = listed.value.elements
        if elements and all(int_value(element.value) is not None for element in elements):
            yield _draft(call, listed.value)
    yield from _literal_index(call, argument(call, "output_device", output))


def check_factory(reference: Reference, context: Context) -> Iterator[Draft]:
    """`torch.zeros(3, device=0)`."""
    call = _call_of(reference, context)
    if call is not None:
        yield from _literal_index(call, argument(call, "device"))


def check_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`x.cuda(0)`, `x.to(0)`."""
    call = context.facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node:
        return
    if context.facts.resolve(node.value).names or len(call.args) > 2:
        return
    if node.attr.value == "to" and not _brings_torch(context):
        return
    yield from _literal_index(call, argument(call, "device", 0))


def check_library(reference: Reference, context: Context) -> Iterator[Draft]:
    """`transformers.pipeline(task, device=0)`."""
    call = _call_of(reference, context)
    if call is not None:
        yield from _library_cards(call, card_arguments()[reference.name], context)


def check_library_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`AutoModel.from_pretrained(name, device_map={"": 0})`."""
    call = context.facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node:
        rows = imported_arguments(card_arguments(), node, context.facts)
        yield from _library_cards(call, rows, context)


def _library_cards(
    call: cst.Call, arguments: tuple[LibraryArgument, ...], context: Context
) -> Iterator[Draft]:
    for each, passed, literal in passed_devices(call, arguments, context.facts):
        yield Draft(
            passed,
            f"`{each.keyword}={context.facts.code(literal)}` is right on one machine only; "
            f"{each.instead}",
            subject=LiteralIndex(literal, call, by_library=True),
        )


def _brings_torch(context: Context) -> bool:
    """Whether the file imports anything of torch, or the handle, so that `.to` is a tensor's."""
    facts = context.facts
    return any(
        name.partition(".")[0] == "torch" or facts.resolver.may_yield_torch(name)
        for name in facts.imported_modules
    )


def _call_of(reference: Reference, context: Context) -> cst.Call | None:
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        return call
    return None


def _literal_index(call: cst.Call, arg: cst.Arg | None) -> Iterator[Draft]:
    if arg is not None:
        index = int_value(arg.value)
        if index is not None and index >= 0:
            yield _draft(call, arg.value)


def _draft(call: cst.Call, node: cst.BaseExpression) -> Draft:
    return Draft(
        node,
        "a literal device index is right on one machine only; pass the local rank, or a device "
        "that is chosen in one place",
        subject=LiteralIndex(node, call),
    )


_FUNCTIONS = {name: rows for name, rows in card_arguments().items() if "." in name}
_METHODS = {name: rows for name, rows in card_arguments().items() if "." not in name}
_PACKAGES = sorted({row.package for rows in card_arguments().values() for row in rows})

RULE = Rule(
    code="DET309",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch", *(package.encode() for package in _PACKAGES)),
    triggers=(b"device", b".cuda", b".to", b"Parallel"),
    names={
        **dict.fromkeys((*CURRENT_DEVICE_SETTERS, *CURRENT_DEVICE_BLOCKS), check_selection),
        **dict.fromkeys(DATA_PARALLEL_WRAPPERS, check_parallel),
        **dict.fromkeys(device_factories(), check_factory),
        "torch.device": check_device,
        **dict.fromkeys(_FUNCTIONS, check_library),
    },
    attributes={
        "cuda": check_method,
        "to": check_method,
        **dict.fromkeys(_METHODS, check_library_method),
    },
    screen=Screen(
        mentions={
            **dict.fromkeys(
                (*CURRENT_DEVICE_SETTERS, *CURRENT_DEVICE_BLOCKS), passes_integer("device")
            ),
            **dict.fromkeys(DATA_PARALLEL_WRAPPERS, is_called),
            **dict.fromkeys(device_factories(), passes_integer("device", positional=False)),
            "torch.device": passes_integer("device", "index"),
            **dict.fromkeys(("cuda", "to"), passes_integer("device")),
            **{name: passes_device(rows) for name, rows in card_arguments().items()},
        }
    ),
)
