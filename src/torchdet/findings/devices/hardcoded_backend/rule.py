"""A backend written as a literal ties distributed code to one maker's accelerators.

## What it does
Reports `"nccl"` and the other backends that serve one kind of accelerator (`"xccl"`, `"hccl"`,
`"mccl"`, ...) where they are given to `torch.distributed`: in `init_process_group` and
`new_group`, as an argument, default, option, dict value or assignment whose name ends in
`backend`, and where a value flows there within the file; so too `torch.distributed.Backend.NCCL`.
Silent are comparisons, tables from device types to backends, pairs such as
`"cpu:gloo,cuda:nccl"`, and code that runs only for the device that the backend serves: where a
condition has found it, and in one of several branches for different makers.

## Why is this bad?
NCCL exists on NVIDIA's and AMD's hardware alone: on the CPU, on Intel's GPUs and elsewhere the
program stops where it opens its process group, often at the start of a job that waited for its
machines. PyTorch knows which backend belongs to a device.

## Example
Bad:

```python
import torch

torch.distributed.init_process_group("nccl")
```

Good:

```python
import torch
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()
torch.distributed.init_process_group(rt.distributed_backend)
```

Without the handle, `torch.distributed.get_default_backend_for_device(device)` gives the name since
PyTorch 2.5, and `init_process_group(device_id=device)` needs none.

## Fix safety
There is no fix in plain PyTorch: which device the processes use is for a person to say.
On the runtime's handle, write `rt.distributed_backend`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.config import Policy
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.devices.device_choices import plain_outcomes
from torchdet.reading.devices.device_conditions import is_established
from torchdet.reading.devices.dispatch import serves_one_type
from torchdet.reading.devices.positions import position
from torchdet.reading.devices.sinks import Sinks
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.device_types import BACKEND_TYPES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.model.config import LintConfig

_LITERAL = re.compile(rf"""['"](?:{"|".join(BACKEND_TYPES)})['"]""", re.IGNORECASE)

BACKEND_SINKS = Sinks(
    names=re.compile(r".*backend(?:_name)?"),
    functions=re.compile(
        r"(?:init|initialize|new|create|setup)_(?:\w+_)?(?:process_groups?|subgroups?|distributed)"
    ),
    namespaces=("torch.distributed.", "ignite.distributed."),
    outside=re.compile(r"torch\.distributed\.(?:is_|get_|Backend\.|BackendConfig|rpc\b).*"),
)
"""The places that take the name of a `torch.distributed` backend."""


@dataclass(frozen=True, slots=True)
class BackendName:
    """An expression that names the backend ``name``, in lower case.

    ``choice`` is the one between it and `"gloo"` by nothing but availability, if there is one.
    """

    node: cst.BaseExpression
    name: str
    choice: cst.BaseExpression | None = None


def check_literal(node: cst.CSTNode, context: Context) -> Iterator[Draft]:
    if not isinstance(node, cst.SimpleString) or _LITERAL.fullmatch(node.value) is None:
        return
    name = (string_value(node) or "").lower()
    if not in_runtime_module(context):
        yield from _findings(node, name, context)


def check_member(reference: Reference, context: Context) -> Iterator[Draft]:
    if not in_runtime_module(context):
        yield from _findings(reference.node, reference.name.rpartition(".")[2].lower(), context)


def _findings(node: cst.BaseExpression, name: str, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if position(node, facts, BACKEND_SINKS) is None:
        return
    served = any(serves_one_type(kind, node, context) for kind in BACKEND_TYPES[name])
    if not served and not is_established(name, node, facts):
        yield Draft(
            node,
            f"hardcoded backend `{facts.code(node)}` serves one kind of accelerator; use "
            f"{_replacement(context.config)}",
            subject=BackendName(node, name, _choice(node, facts)),
        )


def _choice(node: cst.BaseExpression, facts: FileFacts) -> cst.BaseExpression | None:
    above = facts.parent(node)
    outcomes = plain_outcomes(above, facts) if isinstance(above, cst.IfExp) else None
    if outcomes is None or len(outcomes) != 2 or string_value(outcomes[1]) != "gloo":
        return None
    return above if isinstance(above, cst.IfExp) and outcomes[0] is node else None


def _replacement(config: LintConfig) -> str:
    neutral = "`torch.distributed.get_default_backend_for_device(device)`"
    if config.policy in (Policy.FACADE, Policy.UNDECIDED):
        return neutral
    return f"`rt.distributed_backend`, or {neutral}"


RULE = Rule(
    code="DET307",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch", b"import deepspeed", b"from deepspeed"),
    triggers=(b"ccl'", b'ccl"', b"cncl", b"CCL"),
    nodes={"SimpleString": check_literal},
    names={f"torch.distributed.Backend.{member}": check_member for member in ("NCCL", "XCCL")},
)
