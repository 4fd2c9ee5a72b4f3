"""A device written as a literal ties the code to one kind of accelerator.

## What it does
Reports literals that name an accelerator (`"cuda"`, `"cuda:0"`, `"mps"`, `f"xpu:{rank}"`,
`"cuda:" + str(rank)`) where they stand for a device: arguments named `device`, `map_location`,
`device_map` and the like, `.to()`, the functions of PyTorch, defaults of parameters and of
command-line options, values in dicts, assignments and returned values. A name says that it holds
a device, or its value is followed, within the file, to a place that takes one.

Not reported: messages, comparisons, values that tests expect, tables keyed by device type, the
choices of an option, lists of devices to test on, and code for this very device: where a comparison
has just found it, behind `if not torch.cuda.is_available(): return`, in one of several branches
for different makers, and in a function or class that is one of several for different makers or is
only used in such a branch, chosen for the device by a table or a registry, or in a module that its
package imports only behind a check. The word CUDA in the name of a file, class or function excuses
nothing, nor does `assert x.is_cuda`: the device is then that of `x`. What is left where PyTorch
names no accelerator (`torch.accelerator.current_accelerator() or "cuda"`) is not reported either.
The argument of `torch.set_default_device` belongs to DET201, a choice by availability to DET304.

## Why is this bad?
The program fails, or needs an edit, on a machine with another accelerator or with none, and a
library that does this takes the choice from all its users. Which device computed a result belongs
to the record of a run; scattered literals make it depend on the path that the program took.

## Example
Bad:

```python
import torch

noise = torch.randn(8, device="cuda")
state = torch.load("last.pt", map_location="cuda:0")
```

Good:

```python
import torch
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
noise = torch.randn(8, device=rt.device)
state = torch.load("last.pt", map_location=rt.device_for("cuda:0"))
```

A function of a library takes the device from its caller, or from a tensor: `x.device`.

## Fix safety
There is no fix in plain PyTorch: you decide where the device should come from.
On the runtime's handle, write `rt.device` or `rt.device_for(...)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.findings.screen import Screen
from torchdet.findings.wording import runtime_device
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.devices.alternatives import falls_back_from_neutral
from torchdet.reading.devices.availability import availability_branch
from torchdet.reading.devices.device_conditions import (
    is_demanded_later,
    is_established,
    is_only_required,
)
from torchdet.reading.devices.device_text import (
    ACCELERATOR_TRIGGERS,
    DeviceText,
    device_text,
    mentions_accelerator,
)
from torchdet.reading.devices.device_uses import is_only_shown
from torchdet.reading.devices.dispatch import is_expected_value, serves_one_type
from torchdet.reading.devices.positions import Position, PositionKind, device_position
from torchdet.reading.runtime_modules import in_runtime_module


@dataclass(frozen=True, slots=True)
class DeviceLiteral:
    """A literal that names an accelerator: ``node`` reads as ``text``, ``position`` takes it."""

    node: cst.BaseExpression
    text: DeviceText
    position: Position


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    text = device_text(node)
    if text is None or not text.is_accelerator or not isinstance(node, cst.BaseExpression):
        return
    found = hardcoded_position(node, text, context)
    if found is None:
        return
    facts = context.facts
    if serves_one_type(text.type, node, context) and not is_only_required(text.type, node, facts):
        return
    if not falls_back_from_neutral(node, facts):
        message = _message(node, text, found, context)
        yield Draft(node, message, subject=DeviceLiteral(node, text, found))


def hardcoded_position(
    node: cst.BaseExpression, text: DeviceText, context: Context
) -> Position | None:
    """The place that takes the literal ``node`` as a device, unless something excuses it."""
    facts = context.facts
    found = device_position(node, facts)
    if found is None or in_runtime_module(context) or is_expected_value(node, facts):
        return None
    if found.call is not None and facts.means(found.call.func, "torch.set_default_device"):
        return None
    if is_only_shown(node, facts) or availability_branch(node, facts) is not None:
        return None
    if is_established(text.type, node, facts) and not is_only_required(text.type, node, facts):
        return None
    return found if not is_demanded_later(text.type, node, facts) else None


def _message(
    node: cst.BaseExpression, text: DeviceText, position: Position, context: Context
) -> str:
    spelled = context.facts.code(node)
    if "\n" in spelled or "`" in spelled:
        spelled = f'"{text.type}"'
    return f"hardcoded device `{spelled}`; {_advice(text, position, context)}"


def _advice(text: DeviceText, position: Position, context: Context) -> str:
    device = runtime_device(context.config, indexed=text.indexed)
    if position.kind is PositionKind.OPTION:
        return f'let the option default to `"auto"` and turn its value into {device}'
    if position.kind is PositionKind.DEFAULT:
        return f"default to `None` and use {device} then"
    if context.config.policy is Policy.UNDECIDED:
        return f"take it from the caller or a tensor at hand (`x.device`), or use {device}"
    return f"take the device from the caller, or use {device}"


RULE = Rule(
    code="DET301",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.ERROR,
    triggers=ACCELERATOR_TRIGGERS,
    nodes={"SimpleString": check, "FormattedString": check},
    screen=Screen(file=lambda outline, _place: mentions_accelerator(outline)),
)
