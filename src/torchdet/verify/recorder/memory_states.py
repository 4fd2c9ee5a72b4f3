"""What is special about the memory of some tensors: never written, or filled from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from torchdet.verify.trace.records import OperationFlag

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class MemoryState:
    """One storage's: its flags, and 1 more than the number of the collective that fills it."""

    flags: OperationFlag
    origin: int = 0


class MemoryStates:
    """The storages of a process about which there is something to say; most have no entry."""

    def __init__(self) -> None:
        self._states: dict[int, MemoryState] = {}

    def __bool__(self) -> bool:
        return bool(self._states)

    def allocated(self, tensor: torch.Tensor) -> None:
        """A tensor's memory holds whatever was there before."""
        self._put(tensor, MemoryState(OperationFlag.UNINITIALISED))

    def received(self, tensor: torch.Tensor, sequence: int) -> None:
        """A collective writes a tensor, now or later."""
        self._put(tensor, MemoryState(OperationFlag.RECEIVED, sequence + 1))

    def sent(self, tensor: torch.Tensor) -> None:
        """A tensor came from another process."""
        self._put(tensor, MemoryState(OperationFlag.SENT))

    def written(self, tensor: torch.Tensor) -> None:
        """An operation has written all of a tensor."""
        if self._states:
            storage = _storage(tensor)
            if storage in self._states and _fills(tensor):
                del self._states[storage]

    def of(self, tensor: torch.Tensor) -> MemoryState | None:
        """What is special about a tensor's memory."""
        return self._states.get(_storage(tensor)) if self._states else None

    def _put(self, tensor: torch.Tensor, state: MemoryState) -> None:
        if len(self._states) > _MOST:  # freed memory has no one to say so
            self._states.clear()
        self._states[_storage(tensor)] = state


def _storage(tensor: torch.Tensor) -> int:
    if tensor.layout is not torch.strided or tensor.is_meta:
        return 0
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):  # a wrapper has no memory of its own
        return 0


def _fills(tensor: torch.Tensor) -> bool:
    return tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()
