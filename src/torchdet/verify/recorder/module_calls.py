"""Records what each module returns, one record a call, instead of every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.modules.module import register_module_forward_hook

from torchdet.verify.recorder.call_sites import calling_frame
from torchdet.verify.recorder.tensor_digest import digest, text_digest
from torchdet.verify.recorder.thread_stream import SiteOperation
from torchdet.verify.trace.records import OperationRecord, Phase, SiteKind

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
            called = SiteOperation(type(module), name, SiteKind.MODULE)
            site = stream.site(called, Phase.FORWARD, calling_frame(), None)
            results = list(tensors_within(output))
            layout = text_digest(repr([(str(each.dtype), each.shape) for each in results]))
            record = OperationRecord(site, 0, session.step, layout & 0xFFFFFFFF, 0, 0, 0, 0)
            digests = [digest(each.detach()) for each in tensors_within(inputs)]
            stream.queue.operation(record, digests, [digest(each.detach()) for each in results])
            stream.sequence += 1

    register_module_forward_hook(after)


def tensors_within(value: object) -> list[torch.Tensor]:
    """The tensors in nested lists, tuples and dicts."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for each in value for tensor in tensors_within(each)]
    return []
