"""A tensor that is a plain attribute of a module stays behind when the module moves.

## What it does
Reports `self.x = torch.linspace(...)` in the constructor of a `torch.nn.Module`, made without a
device, where another method computes with it and tensors from elsewhere. Not reported: parameters
and buffers, attributes that are assigned again, moved (`self.x.to(y.device)`) or converted where
they are read, and classes that define `to` or `_apply` themselves.

## Why is this bad?
`module.to(device)` and `module.cuda()` move parameters and buffers only. The tensor stays on the
CPU, and the first operation with a tensor on an accelerator raises `RuntimeError: Expected all
tensors to be on the same device`. On the CPU, where most tests run, nothing shows.

## Example
Bad:

```python
import torch
from torch import nn


class Position(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.offset = torch.linspace(0, 1, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.offset
```

Good:

```python
import torch
from torch import nn


class Position(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("offset", torch.linspace(0, 1, size), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.offset
```

## Fix safety
The fix registers a buffer that is not saved, so that checkpoints stay as they are. It is unsafe:
`module.half()` converts buffers, too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.lazy import cst
from torchdet.facts.screen import Mention, Outline
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Place, Reference
from torchdet.reading.devices.plain_attributes import (
    PlainAttribute,
    meets_other_tensors,
    plain_attribute,
)
from torchdet.torch_api.device_arguments import FACTORIES_BESIDE_DATA, device_factories

_FACTORIES = tuple(
    sorted(
        name
        for name in device_factories().difference(FACTORIES_BESIDE_DATA)
        if not name.endswith("_like") and name not in {"torch.as_tensor", "torch.Generator"}
    )
)


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    attribute = plain_attribute(call, facts)
    if attribute is not None and meets_other_tensors(attribute, facts):
        yield Draft(
            attribute.target,
            f"`self.{attribute.name}` is no buffer and stays on the CPU when the module moves; use "
            "`register_buffer(..., persistent=False)`",
            _fix(attribute, context),
        )


def _fix(attribute: PlainAttribute, context: Context) -> NodeFix | None:
    facts = context.facts
    statement = attribute.statement
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    owner, value = facts.code(attribute.target.value), facts.code(statement.value)
    text = f'{owner}.register_buffer("{attribute.name}", {value}, persistent=False)'
    return NodeFix("Register a buffer", Applicability.UNSAFE, (Replace(statement, text),))


def _is_kept(mention: Mention, outline: Outline, _place: Place) -> bool:
    """Whether the constructor of a class of modules assigns what the call makes."""
    call = mention.call
    if call is None or any(keyword.arg == "device" for keyword in call.keywords):
        return False
    around = iter(mention.around)
    below: ast.AST = mention.node
    for statement in around:
        passes = isinstance(statement, _PASSED_ON) or getattr(statement, "func", None) is below
        if not passes:
            break
        below = statement
    else:
        return False
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Attribute):
        return False
    function = next((node for node in around if isinstance(node, _FUNCTIONS)), None)
    is_constructor = isinstance(function, ast.FunctionDef) and function.name == "__init__"
    return is_constructor and "forward" in outline.functions


# What stands between a tensor and the statement that keeps it or a part of it, beside methods.
_PASSED_ON = (ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


RULE = Rule(
    code="DET314",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"self.",),
    triggers=(b"torch",),
    names=dict.fromkeys(_FACTORIES, check),
    screen=Screen(mentions=dict.fromkeys(_FACTORIES, _is_kept)),
    stays=Grounds(
        "a buffer is converted with its module, which the tensor was not",
        "write `self.register_buffer(..., persistent=False)` in place of the assignment",
    ),
)
