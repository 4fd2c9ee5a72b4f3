"""`"cpu"` written as a device keeps the code off every accelerator.

## What it does
Reports the literal `"cpu"` where it stands for a device, in the same places in which DET301
reports accelerators. Silent are places to load a checkpoint to (`map_location`, `safe_open`), where
the CPU is the portable choice, and a CPU that is the fallback of a choice by availability. So is
code that says why it is the CPU: a condition, a name around it, an argument beside it or a comment
that speaks of the CPU or of offloading, a condition that names an accelerator
(`if device.type == "mps":`), and `x.to("cpu").numpy()`. The rule is off by default.

## Why is this bad?
Often it isn't: data loading, saving and numpy need tensors on the CPU. But where the rest of a
program follows the configured device, a forgotten `"cpu"` computes on other hardware, with other
rounding, than the run's record says. Select the rule to look through these places.

## Example
Bad:

```python
import torch

mask = torch.ones(8, device="cpu")
```

Good:

```python
import torch


def make_mask(x):
    return torch.ones(8, device=x.device)
```

## Fix safety
There is no fix: whether the CPU is meant is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.devices.hardcoded_device.rule import hardcoded_position
from torchdet.findings.wording import runtime_device
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.devices.alternatives import falls_back_from_neutral
from torchdet.reading.devices.availability import fallback_branch
from torchdet.reading.devices.device_conditions import is_where_accelerator_is_named
from torchdet.reading.devices.device_text import device_text, words
from torchdet.reading.devices.dispatch import is_asked_for, is_named_for
from torchdet.reading.devices.positions import Position

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


# Words that say that the CPU is meant.
_MEANT = frozenset({"cpu", "offload", "offloaded", "offloading"})
_LOADERS = (
    "torch.load",
    "torch.jit.load",
    "safetensors.safe_open",
    "safetensors.torch.safe_open",
    "safetensors.torch.load_file",
    "safetensors.torch.load_model",
)


def check(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    text = device_text(node)
    if text is None or text.type != "cpu" or not isinstance(node, cst.BaseExpression):
        return
    found = hardcoded_position(node, text, context)
    if found is None or _is_load_location(found.node, context.facts):
        return
    if not _is_fallback(node, context.facts) and not _is_explained(node, found, context):
        device = runtime_device(context.config, indexed=False)
        yield Draft(
            node,
            f"explicit CPU; take the device from the caller or from a tensor, or use {device}, "
            "unless the CPU is meant",
        )


def _is_fallback(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the CPU is what is left where no accelerator is available."""
    return fallback_branch(node, facts) is not None or falls_back_from_neutral(node, facts)


def _is_explained(node: cst.BaseExpression, found: Position, context: Context) -> bool:
    """Whether the code around says why it is the CPU."""
    facts = context.facts
    return (
        any(is_named_for(word, node, context) for word in _MEANT)
        or any(is_asked_for(word, node, facts) for word in _MEANT)
        or is_where_accelerator_is_named(node, facts)
        or _is_for_host(found.call, facts)
        or any(word in _MEANT for text in _said_beside(node, facts) for word in words(text))
    )


def _said_beside(node: cst.BaseExpression, facts: FileFacts) -> Iterator[str]:
    """The names of the parameter or target around, the other arguments, and the comments."""
    below: cst.CSTNode = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.Call):
            others = (arg for arg in above.args if arg is not below)
            yield from (facts.code(arg.value) for arg in others)
        elif isinstance(above, cst.Param):
            yield above.name.value
            return
        elif isinstance(above, cst.Assign):
            yield from (facts.code(target.target) for target in above.targets)
        elif isinstance(above, cst.SimpleStatementLine):
            comments = [line.comment for line in above.leading_lines]
            comments.append(above.trailing_whitespace.comment)
            yield from (comment.value for comment in comments if comment is not None)
            return
        below = above


def _is_load_location(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``node`` says where a checkpoint is loaded to."""
    for above in (node, *facts.ancestors(node)):
        if isinstance(above, cst.Arg):
            if above.keyword is not None and above.keyword.value.endswith("map_location"):
                return True
        elif isinstance(above, cst.Call):
            if facts.means(above.func, *_LOADERS):
                return True
        elif isinstance(above, cst.Param):
            function = enclosing_function(above, facts)
            loads = function is not None and "load" in words(function.name.value)
            return loads or above.name.value.endswith("map_location")
        elif isinstance(above, cst.Assign):
            names = [last_name(target.target) or "" for target in above.targets]
            return any(name.endswith("map_location") for name in names)
        elif isinstance(above, (cst.BaseSmallStatement, cst.BaseStatement)):
            return False
    return False


def _is_for_host(call: cst.Call | None, facts: FileFacts) -> bool:
    """Whether the value of ``call`` leaves PyTorch right away: `x.to("cpu").numpy()`."""
    value: cst.CSTNode | None = call
    while isinstance(value, (cst.Call, cst.BinaryOperation)):
        method = facts.parent(value)
        if isinstance(method, cst.BinaryOperation):
            value = method
            continue
        if not isinstance(method, cst.Attribute):
            return False
        if method.attr.value in {"numpy", "tolist", "item"}:
            return True
        value = facts.parent(method)
    return False


RULE = Rule(
    code="DET308",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    triggers=(b'"cpu', b"'cpu"),
    nodes={"SimpleString": check},
    default=False,
    stays=Grounds(
        "the CPU may be meant",
        "use `rt.device` where the computation belongs on the configured device, and add `# "
        "noqa: DET308` elsewhere",
    ),
)
