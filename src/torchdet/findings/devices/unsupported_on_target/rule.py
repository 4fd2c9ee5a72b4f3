"""The target device cannot do this: MPS has no float64, and no generator of another device.

## What it does
Where `target-devices` names `"mps"`, reports 64-bit floating point on its way there:
`dtype=torch.float64` beside a `device` that is or may be MPS, `.double()` before or after a move
to it, `.to(device, torch.float64)`; `complex128` likewise. NumPy computes in 64 bits, so arrays
without a dtype are reported as well (`torch.from_numpy(np.loadtxt(path)).to("mps")`). Where
`target-devices` names any accelerator, reports a `torch.Generator` of one device that is passed to
an operation on another.

A device that only the run decides, such as a parameter, may be any target. Not reported: code under
a condition that asks for the device, and 64 bits inside a `try`.

## Why is this bad?
Metal has no 64-bit floating point, so PyTorch raises `TypeError`. A generator belongs to one
device: sampling on another raises `RuntimeError`, and samplers and data loaders draw on the CPU.
Both run without complaint on the machine on which they were written.

## Example
```toml
target-devices = ["mps"]
```

Bad:

```python
import torch


def grid(device):
    return torch.linspace(0, 1, 100, dtype=torch.float64, device=device)
```

Good:

```python
import torch


def grid(device):
    return torch.linspace(0, 1, 100, dtype=torch.float32, device=device)
```

## Fix safety
There is no fix: you decide whether 32 bits suffice, or whether the computation belongs on the CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.devices.dispatch import is_asked_for
from torchdet.reading.devices.placement import (
    Placement,
    device_of_move,
    moved_to,
    placement_of,
)
from torchdet.reading.tensors.numpy_arrays import is_wide_numpy
from torchdet.torch_api.data_loading import CPU_SAMPLERS
from torchdet.torch_api.dtypes import DTYPES_WITHOUT_MPS
from torchdet.torch_api.random_numbers import filling_draws, tensor_draws

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check_dtype(reference: Reference, context: Context) -> Iterator[Draft]:
    """`dtype=torch.float64` and `.to(torch.float64)`."""
    arg = context.facts.parent(reference.node)
    call = context.facts.parent(arg)
    if isinstance(arg, cst.Arg) and isinstance(call, cst.Call):
        yield from _wide_value(call, reference.node, f"`{reference.name}`", context)


def check_double(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`x.double()`."""
    call = context.facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not call.args:
        yield from _wide_value(call, node.attr, f"`.{node.attr.value}()`", context)


def _wide_value(call: cst.Call, node: cst.CSTNode, what: str, context: Context) -> Iterator[Draft]:
    """``call`` makes a value of 64 bits: is it on MPS, or does it go there?"""
    facts = context.facts
    if "mps" not in context.config.target_devices or is_asked_for("mps", node, facts):
        return
    if _is_tried(node, facts):
        return
    reached = placement_of(call, facts)
    if reached is None or not reached.may_be("mps"):
        reached = moved_to("mps", call, facts)
    if reached is not None:
        yield Draft(
            node,
            f"MPS has no 64-bit floating point: {what} raises on {reached.described}; use 32 bits, "
            "or stay on the CPU",
        )


def check_move(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`torch.from_numpy(np.loadtxt(path)).to("mps")`."""
    facts = context.facts
    call = facts.parent(node)
    if "mps" not in context.config.target_devices or not isinstance(call, cst.Call):
        return
    if call.func is not node or _changes_dtype(call) or _is_tried(call, facts):
        return
    place = device_of_move(call, facts) if is_wide_numpy(node.value, facts) else None
    if place is None or not place.may_be("mps"):
        return
    if place.types == {"mps"} or not is_asked_for("mps", node, facts):
        yield Draft(
            node.attr,
            "MPS has no 64-bit floating point, which NumPy makes unless told otherwise: this move "
            f"raises on {place.described}; use `.float()` first",
        )


def _changes_dtype(move: cst.Call) -> bool:
    """Whether `.to(device, ...)` may get a dtype as well."""
    return any(
        arg.keyword is None or arg.keyword.value not in {"device", "non_blocking", "copy"}
        for arg in move.args[1:]
    )


def _is_tried(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a ``try`` in the function around ``node`` catches what it raises."""
    below = node
    for above in facts.ancestors(node):
        if isinstance(above, cst.FunctionDef):
            return False
        if isinstance(above, cst.Try) and below is above.body and above.handlers:
            return True
        below = above
    return False


def check_generator(reference: Reference, context: Context) -> Iterator[Draft]:
    """`torch.randn(8, device="mps", generator=g)`, `DataLoader(..., generator=g)`."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node and _has_generator(call):
        on = (
            Placement.literal("cpu")
            if reference.name in CPU_SAMPLERS
            else _drawn_on(call, reference.name, context.facts)
        )
        yield from _mismatch(call, on, f"`{reference.name}`", context)


def check_drawing_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`torch.empty(8, device="mps").normal_(generator=g)`."""
    call = context.facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and _has_generator(call):
        on = placement_of(node.value, context.facts)
        yield from _mismatch(call, on, f"`.{node.attr.value}`", context)


def _has_generator(call: cst.Call) -> bool:
    return argument(call, "generator") is not None


def _drawn_on(call: cst.Call, name: str, facts: FileFacts) -> Placement | None:
    """The device on which a function of torch draws; None where its input decides."""
    if argument(call, "device") is None and (name.endswith("_like") or name == "torch.normal"):
        return None
    return placement_of(call, facts)


def _mismatch(call: cst.Call, on: Placement | None, what: str, context: Context) -> Iterator[Draft]:
    facts = context.facts
    given = argument(call, "generator")
    if given is None or on is None:
        return
    made = placement_of(given.value, facts)
    if made is None or not made.differs_on(on, context.config.target_devices):
        return
    if not any(is_asked_for(kind, call, facts) for kind in context.config.target_devices):
        yield Draft(
            given.value,
            f"the generator is on {made.described} and {what} draws on {on.described}, which "
            "PyTorch refuses; make the generator on the device that draws",
        )


RULE = Rule(
    code="DET311",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.ERROR,
    requires=(b"torch",),
    triggers=(b"float64", b"double", b"complex128", b"Generator", b"from_numpy", b"as_tensor"),
    names={
        **dict.fromkeys(DTYPES_WITHOUT_MPS, check_dtype),
        **dict.fromkeys((*sorted(tensor_draws()), *CPU_SAMPLERS), check_generator),
    },
    attributes={
        "double": check_double,
        "cdouble": check_double,
        "to": check_move,
        **dict.fromkeys(sorted(filling_draws()), check_drawing_method),
    },
    screen=Screen(file=lambda _outline, place: bool(place.config.target_devices)),
    stays=Grounds(
        "whether 32 bits suffice, or the CPU computes this, depends on the computation",
        "compute in 32 bits or on the CPU where the device is MPS, and make a generator on "
        "the device of its operation",
    ),
)
