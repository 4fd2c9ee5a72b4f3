"""Sees the steps of all optimizers: the clock of a training run, and its cheapest record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from torchdet.verify.recorder.replacing import Function, watch_calls
from torchdet.verify.recorder.tensor_digest import Digest, digest
from torchdet.verify.trace.records import StepRecord

if TYPE_CHECKING:
    from torchdet.verify.recorder.session import Session


def watch_optimizers(session: Session) -> None:
    """Record every step from now on."""
    steps = _Steps(session)
    register_optimizer_step_pre_hook(steps.before)
    register_optimizer_step_post_hook(steps.after)
    watch_calls(torch.autograd, "_engine_run_backward", steps.watch_backward)


class _Steps:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._gradients: list[Digest] = []
        self._losses: list[Digest] = []
        self._loss_values: list[torch.Tensor] = []

    def watch_backward(self, engine: Function) -> Function:
        """Keep what backward begins at."""

        def watched_engine(outputs: Sequence[object], *args: object, **kwargs: object) -> object:
            if not self._session.is_suspended:  # the compiler traces backward too
                with self._session.suspended():
                    tensors = [each for each in outputs if isinstance(each, torch.Tensor)]
                    self._losses = [digest(tensor.detach()) for tensor in tensors]
                    if self._session.spec.capture is not None:
                        self._loss_values = [tensor.detach() for tensor in tensors]
            return engine(outputs, *args, **kwargs)

        return watched_engine

    def before(self, optimizer: Optimizer, _args: object, _kwargs: object) -> None:
        """An optimizer begins a step."""
        if self._session.is_suspended:
            return
        self._session.in_optimizer = True
        with self._session.suspended():
            gradients = (each.grad for each in _parameters(optimizer))
            self._gradients = [digest(each) for each in gradients if each is not None]

    def after(self, optimizer: Optimizer, _args: object, _kwargs: object) -> None:
        """An optimizer has made a step."""
        session = self._session
        if session.is_suspended:
            return
        session.in_optimizer = False
        numbers = session.optimizer_numbers
        number = numbers.setdefault(id(optimizer), len(numbers))
        with session.suspended():
            parameters = [digest(each.detach()) for each in _parameters(optimizer)]
            record = StepRecord(session.step, number, 0, 0, 0, session.generators.states())
            session.stream().queue.step(
                record, parameters=parameters, gradients=self._gradients, loss=self._losses
            )
            if session.aftermath is not None:
                session.aftermath.ended_step(session.step, optimizer, self._loss_values)
        self._losses = []
        session.ended_step()


def _parameters(optimizer: Optimizer) -> Iterator[torch.Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]
