"""The dispatch mode that sees every operation of a thread, its backward passes included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchdet.verify.recorder.call_record import Call, flat_tensors, record_call
from torchdet.verify.recorder.call_sites import calling_frame, is_bookkeeping
from torchdet.verify.recorder.generators import generator_of
from torchdet.verify.recorder.operation_plan import OperationPlan, operation_plan
from torchdet.verify.trace.records import SiteKind

if TYPE_CHECKING:
    from torchdet.verify.recorder.session import Session

Arguments = Sequence[object]
Keywords = Mapping[str, object]

_wrapped: dict[tuple[type, ...], bool] = {}


class DispatchRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the operations of one thread in its stream.

    It lies at the bottom of the thread's modes from its start to its end, so that it meets no
    block of the program half-way; ``Session.is_recording`` says whether it acts.
    """

    supports_higher_order_operators = True

    def __init__(self, session: Session) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._session = session

    def switch_on(self) -> None:
        """Act on this thread until it ends."""
        self.__enter__()  # type: ignore[no-untyped-call]

    @classmethod
    def ignore_compile_internals(cls) -> bool:
        """Let compiled functions stay compiled: they would run eagerly under other modes."""
        return True

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: tuple[type, ...],
        args: Arguments = (),
        kwargs: Keywords | None = None,
    ) -> object:
        keywords = kwargs or {}
        session = self._session
        if not isinstance(func, torch._ops.OpOverload) or session.is_suspended:
            return func(*args, **keywords)
        if types and _is_wrapped(types):
            return NotImplemented  # the subclass handles it, in operations that are seen again
        plan = operation_plan(func)
        frame = calling_frame()
        if not plan.is_recorded or (plan.kind is SiteKind.RANDOM and is_bookkeeping(frame)):
            return func(*args, **keywords)
        stream = session.stream()
        if not session.is_recording:
            stream.sequence += 1
            stream.is_gap = True
            return func(*args, **keywords)
        read, written = _tensors(plan, args, keywords)
        generator = generator_of(args, keywords) if plan.kind is SiteKind.RANDOM else None
        call = Call(func, plan, read, written, _constants(args, keywords), generator, frame)
        return record_call(session, stream, call, lambda: func(*args, **keywords))


def _tensors(
    plan: OperationPlan, args: Arguments, keywords: Keywords
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The tensors that an operation reads, and those that it writes."""
    read: list[torch.Tensor] = []
    written: list[torch.Tensor] = []
    for key, value in (*enumerate(args), *keywords.items()):
        tensors = flat_tensors(value)
        if key in plan.writes:
            written += tensors
        if key not in plan.overwrites:
            read += tensors
    return read, written


def _constants(args: Arguments, keywords: Keywords) -> str:
    """What is no tensor among the arguments, as a text that is the same in every run."""
    return repr([_constant(each) for each in (*args, *keywords.items())])


def _constant(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float, complex, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_constant(each) for each in value]
    if isinstance(value, (torch.dtype, torch.device, torch.layout, torch.memory_format)):
        return str(value)
    if isinstance(value, (torch.SymInt, torch.SymFloat, torch.SymBool)):
        return str(value)
    return type(value).__name__


def _is_wrapped(types: tuple[type, ...]) -> bool:
    known = _wrapped.get(types)
    if known is None:
        plain = (torch.Tensor.__torch_dispatch__, torch._C._disabled_torch_dispatch_impl)
        known = _wrapped[types] = any(
            getattr(each, "__torch_dispatch__", plain[0]) not in plain for each in types
        )
    return known
