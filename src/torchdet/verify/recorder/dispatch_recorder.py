"""The dispatch mode that sees every operation of a thread, its backward passes included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchdet.verify.recorder.call_record import Call, record_call
from torchdet.verify.recorder.call_sites import calling_frame, is_bookkeeping
from torchdet.verify.recorder.generators import generator_of
from torchdet.verify.recorder.operation_plan import OperationPlan, operation_plan
from torchdet.verify.recorder.tensor_digest import text_digest
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

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Be called directly: ``leave_compiler_alone`` keeps the compiler from tracing this."""
        return False

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
            if _is_fake(types):
                return func(*args, **keywords)  # torch works out shapes: nothing is computed
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
        read, written, constants = _parted(plan, args, keywords)
        generator = generator_of(args, keywords) if plan.kind is SiteKind.RANDOM else None
        call = Call(plan, read, written, constants, generator, frame)
        return record_call(session, stream, call, lambda: func(*args, **keywords))


def _parted(
    plan: OperationPlan, args: Arguments, keywords: Keywords
) -> tuple[list[torch.Tensor], list[torch.Tensor], int]:
    """The tensors that an operation reads, those that it writes, and a digest of all else."""
    read: list[torch.Tensor] = []
    written: list[torch.Tensor] = []
    constants: list[object] = []
    for key, value in enumerate(args):
        _take(plan, key, value, read, written, constants)
    for name, value in keywords.items():
        _take(plan, name, value, read, written, constants)
        constants.append(name)
    return read, written, _constants_digest(tuple(constants))


def _take(  # noqa: PLR0913 -- called for every argument: a tuple to unpack would cost more
    plan: OperationPlan,
    key: int | str,
    value: object,
    read: list[torch.Tensor],
    written: list[torch.Tensor],
    constants: list[object],
) -> None:
    if isinstance(value, torch.Tensor):
        if key in plan.writes:
            written.append(value)
        if key not in plan.overwrites:
            read.append(value)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _take(plan, key, each, read, written, constants)
        constants.append(len(value))
    elif type(value) in _SIMPLE:
        constants.append(value)
    else:
        constants.append(_constant(value))


_SIMPLE = frozenset({int, bool, type(None), str, torch.dtype, torch.layout, torch.memory_format})
_MOST_CONSTANTS = 10_000
_constants: dict[tuple[object, ...], int] = {}


def _constants_digest(constants: tuple[object, ...]) -> int:
    known = _constants.get(constants)
    if known is None:
        if len(_constants) >= _MOST_CONSTANTS:
            _constants.clear()
        known = _constants[constants] = text_digest(repr(constants))
    return known


def _constant(value: object) -> str:
    """What is no tensor, as a text that is the same in every run: equal only where it is."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, complex):
        return f"{value.real.hex()} {value.imag.hex()}"
    if isinstance(value, (torch.device, torch.SymInt, torch.SymFloat, torch.SymBool)):
        return str(value)
    return type(value).__name__


def _is_fake(types: tuple[type, ...]) -> bool:
    return any(each.__module__ == "torch._subclasses.fake_tensor" for each in types)


def _is_wrapped(types: tuple[type, ...]) -> bool:
    known = _wrapped.get(types)
    if known is None:
        plain = (torch.Tensor.__torch_dispatch__, torch._C._disabled_torch_dispatch_impl)
        known = _wrapped[types] = any(
            getattr(each, "__torch_dispatch__", plain[0]) not in plain for each in types
        )
    return known
