"""A module pickled as a whole can only be read where its device is, and by the same code.

## What it does
Reports calls of `pickle.dump`, `pickle.dumps`, `joblib.dump`, `dill.dump` and `cloudpickle.dump`
and their like that get a `torch.nn.Module`. Not reported: modules that were moved to the CPU in the
call (`net.cpu()`, `net.to("cpu")`), and `copy.deepcopy` or multiprocessing, which pickle by
themselves.

## Why is this bad?
The tensors are read back onto the device from which they were written: `pickle.load` has no
`map_location`, so that a network from a GPU cannot be read on a machine without one. The file also
holds the path of the class, breaks when the code moves, and executes whatever it contains when it
is read.

## Example
Bad:

```python
import pickle

from torch import nn


def keep(net: nn.Module, file) -> None:
    pickle.dump(net, file)
```

Good:

```python
import torch
from torch import nn


def keep(net: nn.Module, file) -> None:
    torch.save(net.state_dict(), file)


def bring(net: nn.Module, file) -> None:
    net.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
```

## Fix safety
There is no fix: who reads the file must change with who writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument
from torchdet.facts.lazy import cst
from torchdet.findings.arguments_screen import is_called
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.reading.context import Context, Reference
from torchdet.reading.tensors.inference import inferred_value
from torchdet.reading.tensors.module_classes import is_module_class
from torchdet.reading.tensors.value_kinds import Kind
from torchdet.torch_api.checkpoints import PICKLING_FUNCTIONS

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    facts = context.facts
    call = facts.parent(reference.node)
    if not isinstance(call, cst.Call) or call.func is not reference.node:
        return
    given = argument(call, PICKLING_FUNCTIONS[reference.name], 0)
    if given is None or given.star or _is_moved(given.value):
        return
    confidence = _module_confidence(given.value, facts)
    if confidence is not None:
        yield Draft(
            call.func,
            f"`{reference.name}` of a module can only be read where its device is; write "
            "`state_dict()` with `torch.save`, and read it with `map_location`",
            confidence=confidence,
        )


def _module_confidence(node: cst.BaseExpression, facts: FileFacts) -> Confidence | None:
    """How sure it is that ``node`` is a module; None where the file does not tell."""
    value = inferred_value(node, facts)
    if value is not None and value.kind in (Kind.MODULE, Kind.SEVERAL_MODULE):
        return value.confidence
    annotations = [
        each.node.annotation if isinstance(each.node, cst.Param) and not each.path else None
        for each in facts.flow.sources(node).every
    ]
    named = all(each is not None and _names_module(each.annotation, facts) for each in annotations)
    return Confidence.CERTAIN if annotations and named else None


def _names_module(annotation: cst.BaseExpression, facts: FileFacts) -> bool:
    owner = facts.flow.attributes.class_named(annotation)
    if owner is not None:
        return is_module_class(owner, facts)
    names = facts.resolve(annotation).names
    return bool(names) and all(name.startswith("torch.nn.") for name in names)


def _is_moved(node: cst.BaseExpression) -> bool:
    """Whether the module is moved right where it is passed."""
    method = node.func if isinstance(node, cst.Call) else None
    return isinstance(method, cst.Attribute) and method.attr.value in {"cpu", "to"}


RULE = Rule(
    code="DET315",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"dump",),
    names=dict.fromkeys(PICKLING_FUNCTIONS, check),
    screen=Screen(mentions=dict.fromkeys(PICKLING_FUNCTIONS, is_called)),
    stays=Grounds(
        "what reads the file must change with what writes it",
        "write `state_dict()` with `torch.save`, and read it with `map_location=rt.device`",
    ),
)
