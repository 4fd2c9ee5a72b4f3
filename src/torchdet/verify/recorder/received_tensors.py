"""Leaves out what unpickling a tensor of another process does, for it happens when one arrives.

A data loader's workers finish in any order. Their batches are handed out in the right one, but
each is rebuilt as soon as it is there: the operations that do it come at another place in every
run. What a batch holds is recorded where the program first uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from torchdet.import_hook import when_imported
from torchdet.verify.recorder.replacing import Function, watch_calls

if TYPE_CHECKING:
    from torchdet.verify.recorder.session import Session

_REBUILDING = ("rebuild_tensor", "rebuild_nested_tensor", "rebuild_sparse_tensor")


def leave_received_tensors_alone(session: Session) -> None:
    """Suspend recording while a tensor of another process is rebuilt."""
    when_imported("torch.multiprocessing.reductions", lambda: _wrap_rebuilding(session))


def _wrap_rebuilding(session: Session) -> None:
    from torch.multiprocessing import reductions

    def suspended(original: Function) -> Function:
        def rebuilt(*arguments: object) -> object:
            with session.suspended():
                made = original(*arguments)
                if isinstance(made, torch.Tensor):
                    session.memory.sent(made)
            return made

        return rebuilt

    for name in _REBUILDING:
        if hasattr(reductions, name):
            watch_calls(reductions, name, suspended)
