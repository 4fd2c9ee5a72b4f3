"""`torch.cuda.FloatTensor` ties a dtype to CUDA, in an interface that PyTorch has left behind.

## What it does
Reports the tensor and storage types of `torch.cuda` (`torch.cuda.FloatTensor`,
`torch.cuda.ByteStorage`, ...), and their names as text where a type is set or compared:
`x.type("torch.cuda.FloatTensor")`, `x.type() == "torch.cuda.FloatTensor"`,
`torch.set_default_tensor_type("torch.cuda.FloatTensor")`.

## Why is this bad?
Such a type says two things at once, the dtype and the maker of the hardware. There are none for
other accelerators, a constructor returns uninitialised memory or copies its argument depending on
what the argument is, and code needs a second set of names for the CPU. Dtype and device as two
arguments say the same on any hardware.

## Example
Bad:

```python
import torch

mask = torch.cuda.FloatTensor([0.0, 1.0])
counts = counts.type("torch.cuda.LongTensor")
```

Good:

```python
import torch

mask = torch.tensor([0.0, 1.0], dtype=torch.float32, device=device)
counts = counts.to(device, torch.int64)
```

## Fix safety
The fix spells the same with a dtype and `"cuda"`, which is then a finding of its own, and is
unsafe: a tensor that lay on another device than the current one moves. It is offered for
`x.type(...)`, and for constructors whose arguments are certainly values or certainly sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.expressions import int_value, string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.torch_api.device_apis import ApiKind, device_apis

_TYPES = {
    api.name: api
    for api in device_apis().values()
    if api.kind in {ApiKind.TENSOR_TYPE, ApiKind.STORAGE_TYPE}
}


@dataclass(frozen=True, slots=True)
class TensorTypeName:
    """A mention of the legacy tensor type ``name``."""

    name: str


def check_reference(reference: Reference, context: Context) -> Iterator[Draft]:
    """`torch.cuda.FloatTensor`, whatever is done with it."""
    node, name = reference.node, reference.name
    yield Draft(
        node,
        _message(node, name, context),
        _fix(node, name, context),
        subject=TensorTypeName(name),
    )


def check_text(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """`x.type("torch.cuda.FloatTensor")` and comparisons of `x.type()` with such text."""
    call = context.facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node:
        return
    texts = [call.args[0].value] if call.args else _compared_with(call, context)
    for text in texts:
        name = string_value(text)
        if name is not None and name in _TYPES:
            yield Draft(
                text,
                _message(text, name, context),
                _fix(text, name, context),
                subject=TensorTypeName(name),
            )


def check_default(reference: Reference, context: Context) -> Iterator[Draft]:
    """`torch.set_default_tensor_type("torch.cuda.FloatTensor")`."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node and call.args:
        text = call.args[0].value
        name = string_value(text)
        if name is not None and name in _TYPES:
            yield Draft(text, _message(text, name, context), subject=TensorTypeName(name))


def _compared_with(call: cst.Call, context: Context) -> list[cst.BaseExpression]:
    """The other sides of a comparison with ``call``, a collection of them taken apart."""
    above = context.facts.parent(call)
    if isinstance(above, cst.ComparisonTarget):
        above = context.facts.parent(above)
    if not isinstance(above, cst.Comparison):
        return []
    sides = [above.left, *(target.comparator for target in above.comparisons)]
    apart: list[cst.BaseExpression] = []
    for side in sides:
        if isinstance(side, (cst.Tuple, cst.List, cst.Set)):
            apart += [element.value for element in side.elements]
        else:
            apart.append(side)
    return apart


def _message(node: cst.CSTNode, name: str, context: Context) -> str:
    beginning = f"`{name}` is a legacy type of CUDA alone; "
    dtype = _TYPES[name].dtype
    if dtype is None:
        return beginning + "use `torch.UntypedStorage` and a device"
    for above in context.facts.ancestors(node):
        if isinstance(above, cst.Annotation):
            return beginning + "annotate `torch.Tensor`"
        compares = isinstance(above, cst.Comparison) or (
            isinstance(above, cst.Call) and context.facts.means(above.func, "builtins.isinstance")
        )
        if compares:
            return beginning + f"test `.dtype == {dtype}`, and the device for itself"
        if isinstance(above, cst.BaseStatement):
            break
    return beginning + f"use `dtype={dtype}` and a device"


def _fix(node: cst.BaseExpression, name: str, context: Context) -> NodeFix | None:
    torch = _torch_spelled(node, context)
    qualified = _TYPES[name].dtype
    if torch is None or qualified is None:
        return None
    dtype = torch + qualified.removeprefix("torch")
    parent = context.facts.parent(node)
    if isinstance(parent, cst.Call) and parent.func is node:
        return _fix_constructor(parent, torch, dtype, context)
    call = context.facts.parent(parent)
    if isinstance(call, cst.Call) and parent is call.args[0] and len(call.args) == 1:
        method = call.func
        if (
            isinstance(method, cst.Attribute)
            and method.attr.value == "type"
            and call.args[0].keyword is None
        ):
            edits = (Replace(method.attr, "to"), Replace(node, f'"cuda", {dtype}'))
            return NodeFix("Use `.to(device, dtype)`", Applicability.UNSAFE, edits)
    return None


def _fix_constructor(call: cst.Call, torch: str, dtype: str, context: Context) -> NodeFix | None:
    if not call.args or any(arg.keyword is not None or arg.star for arg in call.args):
        return None
    values = [arg.value for arg in call.args]
    if len(values) == 1 and isinstance(values[0], (cst.List, cst.Tuple)):
        function = "tensor"
    elif len(values) > 1 or int_value(values[0]) is not None:
        function = "empty"  # several arguments are sizes, whatever they are
    else:
        return None
    arguments = ", ".join(context.facts.code(value) for value in values)
    text = f'{torch}.{function}({arguments}, dtype={dtype}, device="cuda")'
    return NodeFix(f"Use `torch.{function}`", Applicability.UNSAFE, (Replace(call, text),))


def _torch_spelled(node: cst.BaseExpression, context: Context) -> str | None:
    """How the file spells `torch` at ``node``: what the reference begins with, or `torch`."""
    spelled: cst.BaseExpression = node if isinstance(node, cst.Attribute) else cst.Name("torch")
    while isinstance(spelled, cst.Attribute):
        spelled = spelled.value
        if context.facts.means(spelled, "torch"):
            return context.facts.code(spelled)
    scope = context.facts.scope(node)
    bound = context.facts.resolver.root("torch", scope).names
    return "torch" if bound == ("torch",) and not isinstance(node, cst.Name) else None


RULE = Rule(
    code="DET305",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"cuda",),
    names={
        **dict.fromkeys(_TYPES, check_reference),
        "torch.set_default_tensor_type": check_default,
    },
    attributes={"type": check_text},
)
