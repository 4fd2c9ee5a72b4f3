"""`torch.load` without `map_location` needs the device that the file was saved from.

## What it does
Reports calls of `torch.load`, `torch.jit.load` and `torch.hub.load_state_dict_from_url` that do
not pass `map_location`, or pass `None`. Silent where it may be hidden in `*args` or `**kwargs`,
and where the same function saves to the buffer or file that it loads from.

## Why is this bad?
Without `map_location` each tensor goes back to the device that it was saved from. A checkpoint
written on a GPU then fails to load on a machine without one, and one written by the process of
GPU 3 fills the memory of GPU 3 in every process that reads it.

## Example
Bad:

```python
import torch

state = torch.load("checkpoint.pt", weights_only=True)
```

Good:

```python
import torch

state = torch.load("checkpoint.pt", map_location="cpu", weights_only=True)
```

Code on the runtime's handle writes `map_location=rt.device`.

## Fix safety
The fix adds `map_location="cpu"` and is unsafe: code that uses the loaded tensors where they were
saved from must now move them. `load_state_dict` copies them to the module's device by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import InsertAfter, NodeEdit, NodeFix, Replace
from torchdet.facts.expressions import argument, has_unpacking, is_constant
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.model.diagnostic import Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.torch_api.checkpoints import CHECKPOINT_READERS, CHECKPOINT_WRITERS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class CheckpointLoad:
    """A call that loads a checkpoint. ``location`` is the ``None`` that it passes, if it does."""

    call: cst.Call
    location: cst.Arg | None


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node or not call.args:
        return
    given = argument(call, "map_location", CHECKPOINT_READERS[reference.name])
    if given is None and has_unpacking(call):
        return
    if given is not None and not is_constant(given.value, "None"):
        return
    if _reads_what_it_saved(call, facts):
        return
    edit: NodeEdit = (
        InsertAfter(call.args[-1], ', map_location="cpu"')
        if given is None
        else Replace(given.value, '"cpu"')
    )
    fix = NodeFix("Load onto the CPU", Applicability.UNSAFE, (edit,))
    yield Draft(
        call.func,
        f"`{facts.code(call.func)}` without `map_location` needs the device that the file was "
        'saved from; pass `map_location="cpu"`, or the device in use',
        fix,
        subject=CheckpointLoad(call, given),
    )


def _reads_what_it_saved(call: cst.Call, facts: FileFacts) -> bool:
    """Whether the function around the call also saves to what it loads from.

    A round trip through a buffer or a temporary file: the devices are there, they were just used.
    """
    source = facts.code(call.args[0].value)
    scope = facts.scope(call)
    return any(
        use.scope is scope and _saves_to(facts.parent(use.node), source, facts)
        for uses in facts.index.uses.values()
        for use in uses
        if use.parts[-1] == "save"
    )


def _saves_to(call: cst.CSTNode, target: str, facts: FileFacts) -> bool:
    """Whether ``call`` is `torch.save(x, target)` or `scripted.save(target)`."""
    if not isinstance(call, cst.Call):
        return False
    function = facts.means(call.func, *CHECKPOINT_WRITERS)
    given = argument(call, "f", 1 if function else 0)
    return given is not None and facts.code(given.value) == target


RULE = Rule(
    code="DET310",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"load",),
    names=dict.fromkeys(CHECKPOINT_READERS, check),
)
