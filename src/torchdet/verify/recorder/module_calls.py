"""Records what each module returns, one record a call, instead of every operation."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch
from torch.nn.modules.module import register_module_forward_hook

from torchdet.verify.recorder.call_sites import calling_frame
from torchdet.verify.recorder.operation_plan import OperationPlan
from torchdet.verify.recorder.tensor_digest import digest, text_digest
from torchdet.verify.trace.records import Phase, SiteKind

if TYPE_CHECKING:
    from torchdet.verify.recorder.session import Session


def watch_modules(session: Session) -> None:
    """Record the calls of all modules from now on."""

    def after(module: torch.nn.Module, inputs: object, output: object) -> None:
        if torch.compiler.is_compiling() or not session.is_recording:
            return
        with session.suspended():
            stream = session.stream()
            name = f"module.{type(module).__qualname__}"
            site = stream.site(_plan(name), Phase.FORWARD, calling_frame(), None)
            results = list(tensors_within(output))
            layout = text_digest(repr([(str(each.dtype), each.shape) for each in results]))
            head = (site, 0, session.step, layout & 0xFFFFFFFF, 0, 0)
            digests = [digest(each.detach()) for each in tensors_within(inputs)]
            stream.queue.operation(head, digests, [digest(each.detach()) for each in results])
            stream.sequence += 1

    register_module_forward_hook(after)


@cache
def _plan(name: str) -> OperationPlan:
    nothing: frozenset[int | str] = frozenset()
    return OperationPlan(
        name=name,
        kind=SiteKind.MODULE,
        is_recorded=True,
        is_view=False,
        allocates=False,
        writes=nothing,
        overwrites=nothing,
        is_plain=True,
    )


def tensors_within(value: object) -> list[torch.Tensor]:
    """The tensors in nested lists, tuples and dicts."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for each in value for tensor in tensors_within(each)]
    return []
