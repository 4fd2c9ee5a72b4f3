"""Records one call: what goes in, that it runs, what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import torch

from torchdet.verify.recorder.generators import state_digest
from torchdet.verify.recorder.operation_plan import OperationPlan
from torchdet.verify.recorder.tensor_digest import Digest, combined, digest
from torchdet.verify.recorder.thread_stream import ForwardOperation, ThreadStream
from torchdet.verify.trace.records import OperationFlag, Phase, SiteKind

if TYPE_CHECKING:
    from torchdet.verify.recorder.session import Session

_TYPES = {
    kind: number
    for number, kind in enumerate(
        sorted({each for each in vars(torch).values() if isinstance(each, torch.dtype)}, key=str)
    )
}
_sequence_number: Callable[[], int] = torch._C._autograd._get_sequence_nr
_current_node: Callable[[], torch.autograd.graph.Node | None] = torch._C._current_autograd_node


class Call(NamedTuple):
    """One operation, about to run. A named tuple, because one is made for every operation.

    ``constants`` stands for what is no tensor among its arguments.
    """

    plan: OperationPlan
    read: Sequence[torch.Tensor]
    written: Sequence[torch.Tensor]
    constants: int
    generator: torch.Generator | None
    frame: FrameType


def record_call(
    session: Session, stream: ThreadStream, call: Call, run: Callable[[], object]
) -> object:
    """Run an operation and record it; what it raises is the program's to see, and no record."""
    plan = call.plan
    if stream.is_gap:
        stream.writer.gap(stream.sequence)
        stream.is_gap = False
    forward, phase = _place(session, stream)
    site = stream.site(plan, phase, call.frame, forward)
    if phase is Phase.FORWARD:
        stream.ran_forward(_sequence_number() - 1, site)
    flags, origin = _memory(session, call) if session.memory else (OperationFlag.NONE, 0)
    arguments = call.constants
    if plan.kind is SiteKind.RANDOM:
        stream.draws(call.generator)
        arguments = combined([arguments, state_digest(call.generator)])
    inputs: list[Digest] = []
    if session.reads_inputs and not plan.is_view:
        inputs = [digest(tensor) for tensor in call.read]
    capture = session.capture_for(stream) if session.spec.capture else None
    if capture is not None:
        capture.before(call.frame, call.read)

    result = run()

    changed = call.written or flat_tensors(result)
    if plan.is_view:
        outputs: list[Digest] = []
    elif plan.is_plain and not session.memory:
        outputs = [digest(tensor) for tensor in changed]
    else:
        outputs = _outputs(session, stream, call, changed)
    if capture is not None:
        capture.after(changed)
    if forward is not None and not origin:
        origin = forward.sequence + 1
    layout = _layout(call.read, changed)
    head = (site, origin, session.step, layout, int(flags), arguments)
    stream.queue.operation(head, inputs, outputs)
    stream.sequence += 1
    return result


def flat_tensors(value: object) -> list[torch.Tensor]:
    """The tensors in a value of an operation: one, or lists and tuples of them."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [tensor for each in value for tensor in flat_tensors(each)]
    return []


def _place(session: Session, stream: ThreadStream) -> tuple[ForwardOperation | None, Phase]:
    """The forward operation, if this one belongs to a backward pass, and the phase."""
    node = _current_node()
    if node is not None:
        return stream.forward_of(node._sequence_nr()), Phase.BACKWARD
    return None, Phase.OPTIMIZER if session.in_optimizer else Phase.FORWARD


def _memory(session: Session, call: Call) -> tuple[OperationFlag, int]:
    """What is special about the memory of the arguments, and the collective that filled some."""
    flags, origin = OperationFlag.NONE, 0
    for tensor in (*call.read, *call.written):
        state = session.memory.of(tensor)
        if state is not None:
            flags |= state.flags
            origin = state.origin or origin
    return flags, origin


def _outputs(
    session: Session, stream: ThreadStream, call: Call, changed: Sequence[torch.Tensor]
) -> list[Digest]:
    plan = call.plan
    if plan.allocates:
        for tensor in changed:
            session.memory.allocated(tensor)
        return []
    if plan.kind is SiteKind.COLLECTIVE and not plan.name.endswith("wait_tensor"):
        # It may still be under way: what has come is seen where it is used.
        for tensor in changed:
            session.memory.received(tensor, stream.sequence)
        return []
    if not plan.writes or plan.overwrites:
        for tensor in changed:
            session.memory.written(tensor)
    return [digest(tensor) for tensor in changed]


def _layout(read: Sequence[torch.Tensor], changed: Sequence[torch.Tensor]) -> int:
    # Python hashes tuples of numbers alike in every process.
    try:
        shapes = [(_TYPES[each.dtype], each.shape) for each in read]
        shapes += [(_TYPES[each.dtype], each.shape) for each in changed]
    except RuntimeError:  # a nested tensor has no shape; its parts tell it in the digest
        dims = tuple((_TYPES[each.dtype], each.dim()) for each in (*read, *changed))
        return hash(dims) & 0xFFFFFFFF
    return hash(tuple(shapes)) & 0xFFFFFFFF
