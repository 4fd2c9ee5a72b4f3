"""A function of `torch.cuda` serves one maker's hardware where PyTorch has one for all.

## What it does
Reports uses of `torch.cuda` and its kin that have a device-neutral equivalent: `torch.accelerator`,
`torch.amp`, `torch.Event` and others. A function whose equivalent is newer than the configured
`torch-version` is reported without a fix. Names without an equivalent are not reported.

Not reported: code about CUDA alone (`if device.type == "cuda":`, behind
`if not torch.cuda.is_available(): return`, one of several branches for different makers, a function
that is only used in such a branch, what a test requires); code with the equivalent in another
branch, or for another release of PyTorch (`if not TORCH_AT_LEAST_2_6: ... else: ...`); questions
inside a choice by availability, which is a finding of its own; and `torch.cuda.is_available()`
unless everything that it guards has an equivalent too. Modules that the configuration names as the
runtime are where such code belongs.

## Why is this bad?
The call raises or does nothing on other hardware: the timing that it synchronises, the memory that
it frees and the seed that it sets are then wrong in silence. `torch.cuda.amp` is deprecated.

## Example
Bad:

```python
import torch

torch.cuda.synchronize()
scaler = torch.cuda.amp.GradScaler()
```

Good:

```python
import torch

torch.accelerator.synchronize()
scaler = torch.amp.GradScaler(device.type)
```

## Fix safety
Safe where the equivalent does the same wherever the CUDA name worked, and is spelled from `torch`
on: `torch.accelerator.synchronize`, `torch.amp.autocast("cuda")`, `torch.OutOfMemoryError`. The
literal `"cuda"` that comes with it belongs to `hardcoded-device`.

Unsafe where it is the same on CUDA only: most of `torch.accelerator` raises without an
accelerator, where `torch.cuda.empty_cache()` does nothing and `torch.cuda.memory_allocated()`
answers 0. Unsafe, too, where the import is rewritten with every use of what it imports
(`from torch.cuda.amp import autocast`), since other modules may import the name from there.

Only shown, never applied, where types, arguments or effects differ, as those of `torch.Event`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix
from torchdet.facts.lazy import cst
from torchdet.facts.walk import descendants
from torchdet.findings.base import Draft, Rule
from torchdet.findings.devices.api_rewrite import rewritten_in_place, rewritten_with_import
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.devices.alternatives import has_alternative, is_for_one_release
from torchdet.reading.devices.choice_parts import is_inside_availability_branch
from torchdet.reading.devices.dispatch import is_asked_for, is_requirement_of_test, serves_one_type
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.device_apis import (
    ApiKind,
    DeviceApi,
    Equivalence,
    Respelling,
    device_apis,
)
from torchdet.torch_api.device_queries import CUDA_AVAILABLE, CUDA_QUERIES

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_APIS = {
    api.name: api
    for api in device_apis().values()
    if api.kind in {ApiKind.FUNCTION, ApiKind.CLASS, ApiKind.ATTRIBUTE}
    and api.sameness in {Equivalence.SAME, Equivalence.SAME_ON_CUDA, Equivalence.SIMILAR}
}
_APPLICABILITY = {
    Equivalence.SAME: Applicability.SAFE,
    Equivalence.SAME_ON_CUDA: Applicability.UNSAFE,
    Equivalence.SIMILAR: Applicability.DISPLAY,
}
_VENDOR = re.compile("cuda|cudnn", re.IGNORECASE)
# Settings whose meaning is the same on every accelerator.
_NEUTRAL_SETTINGS = frozenset({"pin_memory", "pin", "should_pin", "use_pinned_memory"})


@dataclass(frozen=True, slots=True)
class CudaName:
    """An expression that names ``api`` of ``torch.cuda``, or may do so among other things."""

    node: cst.BaseExpression
    api: DeviceApi


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    api = _APIS[reference.name]
    if in_runtime_module(context) or not _is_tied(api, context.config.torch_version):
        return
    if not _is_plain_use(reference.node, api, context.facts):
        return
    if api.name == CUDA_AVAILABLE and not _asks_for_any_accelerator(reference.node, context):
        return
    if _is_on_purpose(reference.node, api, context):
        return
    yield Draft(
        reference.node,
        _message(api, context.config.torch_version),
        _fix(reference, api, context),
        subject=CudaName(reference.node, api),
    )


def _is_tied(api: DeviceApi, torch_version: tuple[int, int]) -> bool:
    """Whether the use ties the code to CUDA in the release.

    A function does on all releases. A class or attribute, such as an exception that has another
    name in newer ones, is needed until then.
    """
    return api.kind is ApiKind.FUNCTION or api.usable_in(torch_version)


def _message(api: DeviceApi, torch_version: tuple[int, int]) -> str:
    if not api.usable_in(torch_version):
        since = ".".join(map(str, api.since or ()))
        return f"`{api.name}` is for CUDA alone; PyTorch {since} has `{api.spelling}` for all"
    arguments = {
        Respelling.DEVICE_TYPE_FIRST: "(device_type, ...)",
        Respelling.DEVICE_TYPE_KEYWORD: "(device_type=...)",
    }.get(api.rewrite, "")
    note = f" ({api.note})" if api.note else ""
    if api.sameness is Equivalence.SAME:
        note = ""
    return f"`{api.name}` is for CUDA alone; use `{api.spelling}{arguments}`{note}"


def _is_plain_use(node: cst.BaseExpression, api: DeviceApi, facts: FileFacts) -> bool:
    """Whether the use does not replace the name, look into it, or only compare with it."""
    parent = facts.parent(node)
    if isinstance(parent, (cst.Attribute, cst.AssignTarget, cst.Del)):
        return False
    if isinstance(parent, (cst.AnnAssign, cst.AugAssign)) and parent.target is node:
        return False
    return api.kind is not ApiKind.ATTRIBUTE or not isinstance(
        parent, (cst.Comparison, cst.ComparisonTarget)
    )


def _is_on_purpose(node: cst.BaseExpression, api: DeviceApi, context: Context) -> bool:
    """Whether the code is about CUDA alone, or has the equivalent beside it."""
    facts = context.facts
    return (
        serves_one_type("cuda", node, context)
        or is_inside_availability_branch(node, facts)
        or has_alternative(api.replacement or "", node, facts)
        or is_for_one_release(node, facts)
        or (api.name in CUDA_QUERIES and is_requirement_of_test(node, facts))
        or (api.kind is ApiKind.ATTRIBUTE and is_asked_for("cuda", node, facts))
    )


# What `torch.cuda.is_available()` is asked for.


def _asks_for_any_accelerator(node: cst.BaseExpression, context: Context) -> bool:
    """Whether the answer decides on nothing but what has a neutral equivalent."""
    call = context.facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node:
        return False
    parent = context.facts.parent(call)
    if isinstance(parent, cst.Arg) and parent.keyword is not None:
        return parent.keyword.value in _NEUTRAL_SETTINGS
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
        return isinstance(target, cst.Name) and target.value in _NEUTRAL_SETTINGS
    guarded = _guarded(call, parent)
    return guarded is not None and _is_neutral(guarded, context)


def _guarded(call: cst.Call, parent: cst.CSTNode) -> cst.CSTNode | None:
    """What is only done where CUDA is available."""
    if isinstance(parent, (cst.If, cst.IfExp)) and parent.test is call:
        return parent.body
    if isinstance(parent, cst.BooleanOperation) and isinstance(parent.operator, cst.And):
        return parent.right if parent.left is call else None
    return None


def _is_neutral(guarded: cst.CSTNode, context: Context) -> bool:
    """Whether ``guarded`` uses `torch.cuda`, and of it only what has a neutral equivalent."""
    found = False
    for node in descendants(guarded):
        name = _name_in_torch_cuda(node, context)
        if name is not None:
            if name not in _APIS or not _APIS[name].usable_in(context.config.torch_version):
                return False
            found = True
        elif _speaks_of_cuda(node, context):
            return False
    return found


def _name_in_torch_cuda(node: cst.CSTNode, context: Context) -> str | None:
    """The qualified name of an attribute read from `torch.cuda`."""
    if isinstance(node, cst.Attribute) and _is_torch_cuda(node.value, context):
        return f"torch.cuda.{node.attr.value}"
    return None


def _speaks_of_cuda(node: cst.CSTNode, context: Context) -> bool:
    """Whether ``node`` is text or a name with CUDA or cuDNN in it, `torch.cuda` aside."""
    if not isinstance(node, (cst.Name, cst.SimpleString, cst.FormattedStringText)):
        return False
    if _VENDOR.search(node.value) is None:
        return False
    parent = context.facts.index.parents.get(node)
    if parent is None:  # a part of an import
        return True
    is_attribute = isinstance(parent, cst.Attribute) and parent.attr is node
    return not _is_torch_cuda(parent if is_attribute else node, context)


def _is_torch_cuda(node: cst.CSTNode, context: Context) -> bool:
    return context.facts.resolve(node).names == ("torch.cuda",)


# Fixes.


def _fix(reference: Reference, api: DeviceApi, context: Context) -> NodeFix | None:
    if not api.usable_in(context.config.torch_version) or api.rewrite in {
        Respelling.BY_HAND,
        Respelling.DEVICE_MODULE,
    }:
        return None
    applicability = _APPLICABILITY[api.sameness]
    if applicability is Applicability.SAFE and not reference.exact:
        applicability = Applicability.UNSAFE
    edits = rewritten_in_place(reference.node, api, context.facts)
    if edits is not None and _is_class_with_other_arguments(reference, api, context):
        applicability = Applicability.UNSAFE
    if edits is None:
        if api.sameness is Equivalence.SIMILAR or not reference.exact:
            return None
        edits = rewritten_with_import(reference.node, context.facts, context.config.torch_version)
        applicability = Applicability.UNSAFE
    if not edits:
        return None
    return NodeFix(f"Use `{api.spelling}`", applicability, edits)


def _is_class_with_other_arguments(reference: Reference, api: DeviceApi, context: Context) -> bool:
    """Whether the use names a class that is not the same object as its equivalent."""
    parent = context.facts.parent(reference.node)
    called = isinstance(parent, cst.Call) and parent.func is reference.node
    return api.rewrite is Respelling.DEVICE_TYPE_FIRST and not called


RULE = Rule(
    code="DET303",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(b"cuda", b"ProfilerActivity", b"autocast_gpu_dtype"),
    names=dict.fromkeys(_APIS, check),
)
