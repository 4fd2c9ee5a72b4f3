"""A tensor of uninitialised memory is read before anything has filled it.

## What it does
Reports `torch.empty`, `empty_like`, `empty_strided`, `empty_permuted`, `new_empty`, and classes
such as `torch.Tensor` and `torch.FloatTensor` called with sizes, where the values are used before
anything can have filled them: by arithmetic, by a reduction, by a function of torch, or by a
function of the same file that does so. Other names and views of the tensor are followed.

Also reports parameters and buffers of a module that are made this way, such as
`nn.Parameter(torch.empty(...))` and `register_buffer("mean", torch.empty(...))`, where the module
reads them and nothing fills them: no method of the class, nothing else in the file that names them,
and no method that resets or initialises the module. Such a finding is likely, not certain: a
checkpoint may be loaded later.

Not reported: tensors that may be filled first, in whichever way (`copy_`, `fill_`, `normal_` and
their like, `masked_scatter_`, assignment to a subscript, `out=`, `nn.init`, a collective, any
function that might write to them), changes in place that are written over next, tensors without
elements, and the `meta` device, which has no memory.

## Why is this bad?
The values are whatever the memory held before: another tensor's numbers, zeros on the first day,
`nan` on the second. Two runs differ without any error. In deterministic mode torch fills such
tensors with `nan` or the largest integer: the fault shows then, but it is still there.

## Example
Bad:

```python
import torch

total = torch.empty(4)
for row in torch.eye(4):
    total += row
```

Good:

```python
import torch

total = torch.zeros(4)
for row in torch.eye(4):
    total += row
```

## Fix safety
The fix makes zeros instead and is unsafe: zeros may not be what you meant. Parameters and buffers
have no fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.expressions import argument, int_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.operations.uninitialised_memory.outlined_memory import may_be_read
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.operations.absent_memory import has_no_memory
from torchdet.reading.operations.first_reads import FirstRead, first_read
from torchdet.reading.operations.module_memory import (
    MemoryKind,
    ModuleMemory,
    is_kept,
    module_memory,
    stays_unfilled,
)
from torchdet.torch_api.returns import (
    LEGACY_TENSOR_TYPES,
    TENSOR_CLASS,
    UNINITIALISED_FUNCTIONS,
    UNINITIALISED_METHODS,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_CLASSES = tuple(sorted({TENSOR_CLASS, *LEGACY_TENSOR_TYPES}))
_ZEROS = {"empty": "zeros", "empty_like": "zeros_like", "new_empty": "new_zeros"}


def check_function(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.empty`` and its like."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node:
        yield from _check(call, reference.name, context)


def check_class(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.FloatTensor(2, 3)``, where the arguments are sizes."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node and _gives_sizes(call):
        yield from _check(call, reference.name, context)


def check_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """``x.new_empty``, on anything that is not known to be something else than a tensor."""
    facts = context.facts
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not facts.resolve(node.value).names:
        yield from _check(call, node.attr.value, context)


def _gives_sizes(call: cst.Call) -> bool:
    """Whether a tensor class is called with sizes: several arguments, or one integer."""
    positional = [arg for arg in call.args if arg.keyword is None]
    if any(arg.star == "*" for arg in positional):
        return True
    if len(positional) == 1:
        return int_value(positional[0].value) is not None
    return len(positional) > 1


def _check(call: cst.Call, name: str, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if has_no_memory(call, facts):
        return
    if is_kept(call, facts):
        memory = module_memory(call, facts)
        if memory is not None and stays_unfilled(memory, facts):
            yield _draft_of_module(call, name, memory)
        return
    read = first_read(call, facts)
    if read is not None:
        yield _draft(call, name, read, facts)


def _draft(call: cst.Call, name: str, read: FirstRead, facts: FileFacts) -> Draft:
    zeros = _ZEROS.get(name.rpartition(".")[2])
    instead = f"`{zeros}`" if zeros else "`torch.zeros`"
    return Draft(
        call.func,
        f"the memory that `{name}` gives is read in {_quoted(read.node, facts)} before anything "
        f"has filled it; fill it first, or use {instead}",
        _fix(call, zeros),
        Confidence.CERTAIN if read.certain else Confidence.LIKELY,
    )


def _quoted(node: cst.CSTNode, facts: FileFacts) -> str:
    lines = facts.code(node).strip().splitlines()
    text = lines[0] if len(lines) == 1 and len(lines[0]) <= 60 else "the next use of it"
    return f"`{text}`" if text != "the next use of it" else text


def _fix(call: cst.Call, zeros: str | None) -> NodeFix | None:
    if zeros is None or not isinstance(call.func, cst.Attribute):
        return None
    if zeros != "zeros_like" and argument(call, "memory_format") is not None:
        return None
    return NodeFix(f"Use `{zeros}`", Applicability.UNSAFE, (Replace(call.func.attr, zeros),))


def _draft_of_module(call: cst.Call, name: str, memory: ModuleMemory) -> Draft:
    advice = {
        MemoryKind.PARAMETER: "initialise it, with `torch.nn.init` for example",
        MemoryKind.BUFFER: "fill it before it is registered, or use `torch.zeros`",
    }
    return Draft(
        call.func,
        f"nothing fills the memory that `{name}` gives to the {memory.kind.value} "
        f"`self.{memory.name}`; {advice[memory.kind]}",
        confidence=Confidence.LIKELY,
    )


RULE = Rule(
    code="DET404",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"empty", b"Tensor("),
    names={
        **dict.fromkeys(UNINITIALISED_FUNCTIONS, check_function),
        **dict.fromkeys(_CLASSES, check_class),
    },
    attributes=dict.fromkeys(UNINITIALISED_METHODS, check_method),
    screen=Screen(
        mentions=dict.fromkeys(
            (*UNINITIALISED_FUNCTIONS, *_CLASSES, *UNINITIALISED_METHODS), may_be_read
        )
    ),
    stays=Grounds(
        "which values are meant only the code's author knows",
        "fill the tensor before it is read, or apply `torchdet fix --unsafe-fixes`, which "
        "makes zeros",
    ),
)
