"""Entering and leaving redirection."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Sequence

from torch import overrides
from torch.utils._device import _device_constructors

from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect.answer_mode import AnswerMode
from torchdet.runtime.redirect.interrupts import see_through
from torchdet.runtime.redirect.mode import Scope
from torchdet.runtime.redirect.replacements import Installation, Replacement
from torchdet.runtime.redirect.threads import redirected


@contextlib.contextmanager
def redirection(
    machine: Machine,
    answers: AnswerMode,
    *,
    override: bool = False,
    on_host: bool = False,
) -> Iterator[None]:
    """Redirect the devices of torch calls in this block, and in threads that it starts.

    ``override`` is the state of the CPU override at the start; ``on_host`` keeps the process off
    the accelerator.
    """
    scope = Scope(machine, answers)
    try:
        try:
            with _INSTALLATION.installed(), redirected(scope, override=override, on_host=on_host):
                yield
        finally:
            see_through(scope.close)
    finally:
        see_through(scope.close)  # an interrupt can hit the first step of the one above


def _replacements() -> Sequence[Replacement]:
    from torchdet.runtime.masquerade.replaced import replacements

    _fill_torchs_tables()
    return replacements()


def _fill_torchs_tables() -> None:
    """Let torch build the tables that it keeps of its own functions, before any is replaced.

    A table that is built inside a block would hold stand-ins for good. The compiler's take a
    second or two, once a process; a program's first optimizer imports them in any case.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("torch._dynamo")
    overrides.get_ignored_functions()
    overrides.get_testing_overrides()
    _device_constructors()


_INSTALLATION = Installation(_replacements)
