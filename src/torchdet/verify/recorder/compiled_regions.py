"""Records what goes into and comes out of what ``torch.compile`` made: it runs as one operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from torchdet.import_hook import when_imported
from torchdet.verify.recorder.call_record import Call, flat_tensors, record_call
from torchdet.verify.recorder.call_sites import calling_frame
from torchdet.verify.recorder.operation_plan import OperationPlan
from torchdet.verify.recorder.replacing import Function, watch_calls
from torchdet.verify.recorder.tensor_digest import text_digest
from torchdet.verify.trace.records import SiteKind

if TYPE_CHECKING:
    from torchdet.verify.recorder.session import Session

_REGION = OperationPlan(
    name="compiled.region",
    kind=SiteKind.REGION,
    is_recorded=True,
    is_view=False,
    allocates=False,
    writes=frozenset(),
    overwrites=frozenset(),
    is_plain=True,
)


def watch_compiled_regions(session: Session) -> None:
    """Record the regions that are compiled from now on."""
    when_imported("torch._inductor.output_code", lambda: _wrap_regions(session))


def leave_compiler_alone(session: Session) -> None:
    """Suspend recording while torch compiles, for it runs the program's code to trace it.

    The recorder's own code it must not trace.
    """
    when_imported("torch._dynamo.callback", lambda: _suspend_compiler(session))
    when_imported("torch._dynamo.trace_rules", _hide_recorder)


def _wrap_regions(session: Session) -> None:
    from torch._inductor.output_code import CompiledFxGraph

    watch_calls(CompiledFxGraph, "__call__", lambda original: _recorded(session, original))


def _recorded(session: Session, original: Function) -> Function:
    def recorded(graph: object, inputs: list[object]) -> object:
        if session.is_suspended or not session.is_recording:
            return original(graph, inputs)
        # The list is the region's to empty.
        tensors = flat_tensors(list(inputs))
        numbers = [each for each in inputs if not isinstance(each, torch.Tensor)]

        def run() -> object:
            with session.suspended():
                return original(graph, inputs)

        call = Call(
            _REGION, tensors, (), text_digest(repr([str(each) for each in numbers])), None,
            calling_frame(),
        )  # fmt: skip
        return record_call(session, session.stream(), call, run)

    return recorded


def _hide_recorder() -> None:
    from torch._dynamo.trace_rules import add

    add("torchdet.verify")


def _suspend_compiler(session: Session) -> None:
    from torch._dynamo.callback import on_compile_end, on_compile_start

    on_compile_start(lambda _arguments: session.enter_suspension())
    on_compile_end(lambda _arguments: session.leave_suspension())
