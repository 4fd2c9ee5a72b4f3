"""How a new process gets its parent's redirection.

A forked child is a copy of the thread that forked, its modes included. A spawned one starts
afresh: while redirection is on, ``BaseProcess.start`` wraps the target, which then redirects in
the child. A subclass of ``Process`` with its own ``run`` and no target is not reached.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_start_method
from multiprocessing.process import BaseProcess

from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect.answer_mode import AnswerMode
from torchdet.runtime.redirect.threads import current_mode


@dataclass(frozen=True, slots=True)
class RedirectedTarget:
    """A process's target under its parent's redirection; it pickles if the target does."""

    target: Callable[..., object]
    machine: Machine
    answers: AnswerMode
    override: bool
    stays_on_host: bool

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Run the target, redirected."""
        from torchdet.runtime.redirect.context import redirection

        with redirection(
            self.machine, self.answers, override=self.override, on_host=self.stays_on_host
        ):
            return self.target(*args, **kwargs)


def inheriting_process_start(original: object) -> object:
    """Make the ``BaseProcess.start`` that hands the parent's redirection on."""
    assert callable(original)

    @functools.wraps(original)
    def start(process: BaseProcess) -> object:
        mode = current_mode()
        own = vars(process)
        target = own.get("_target")
        if mode is None or target is None or _start_method(process) == "fork":
            return original(process)
        # What a data loader's worker returns travels through the memory of the host.
        worker = str(getattr(target, "__module__", "")).startswith("torch.utils.data.")
        on_host = mode.stays_on_host or worker
        own["_target"] = RedirectedTarget(
            target, mode.machine, mode.scope.answers, mode.cpu_override, on_host
        )
        try:
            return original(process)
        finally:
            if "_target" in own:  # a started process forgets its target
                own["_target"] = target

    return start


def _start_method(process: BaseProcess) -> str:
    return getattr(process, "_start_method", None) or get_start_method()
