"""TorchDevice's behaviour for code that was not migrated, without patching torch's tensors.

``with redirect():`` sends the devices that a program names, and the ones that it does not name,
where TorchDevice's table says:

==================  ================  ==========================  =========
asked               on an MPS         on a CUDA machine           CPU only
==================  ================  ==========================  =========
no device           MPS               CUDA                        CPU
``cpu``             MPS               CUDA                        CPU
``cpu:-1``          CPU, and toggles the override under which ``cpu`` stays the CPU
``mps``             MPS               CUDA                        CPU
``cuda``            MPS               CUDA                        CPU
==================  ================  ==========================  =========

Indices fold onto devices that exist. ``meta`` and every type that the table does not know are
kept. Each redirection is said once per call site, in the log ``torchdet.runtime``.

A program is told about the machine in one of two modes (`AnswerMode`). In the *honest* mode, the
default, ``torch.cuda.is_available()`` is False where there is no CUDA, and ``x.device`` is where a
tensor lies. In *masquerade* everything answers as a machine with CUDA does.

How it works: an override mode of torch's own protocol (``torch.overrides``) sees factories,
``Tensor.to``, ``Module.to``, ``torch.device(...)`` and the rest before torch does, in raw form.
``torchdet.runtime.masquerade`` answers for the names that the protocol does not see. Leaving
the block takes both away.

For a whole program without a change to it:

    torchdet run --redirect train.py --epochs 3

Example:
    >>> import torch
    >>> from torchdet.runtime.devices import Machine
    >>> with redirect(Machine()):
    ...     torch.zeros(2, device="cuda:1").device, torch.cuda.is_available()
    (device(type='cpu'), False)
    >>> with redirect(Machine(), "masquerade"):
    ...     torch.zeros(2, device="cuda:1").device, torch.cuda.is_available()
    (device(type='cuda', index=0), True)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from torchdet.runtime.redirect.answer_mode import AnswerMode

if TYPE_CHECKING:
    from torchdet.runtime.devices import Machine

__all__ = ["AnswerMode", "redirect", "switch_on"]

AnswerModeName = Literal["honest", "masquerade"]


@contextlib.contextmanager
def redirect(
    machine: Machine | None = None, mode: AnswerMode | AnswerModeName = AnswerMode.HONEST
) -> Iterator[None]:
    """Redirect torch's devices in a block, in threads and processes that start in it.

    ``machine`` is what the table sees; without one this process's machine is probed. ``mode`` says
    what the program is told about the machine. Blocks may be nested: the innermost one acts. A
    block belongs to the thread that enters it. As a decorator it redirects each call of the
    function.

    Raises:
        ImportError: torch cannot be imported.
        ValueError: there is no such mode.
        PolicyError: the environment asks for a log level that does not exist, or the policy that
            chooses the home device cannot be read.
    """
    from torchdet.runtime.policy_sources import configure_logging
    from torchdet.runtime.redirect.context import redirection

    configure_logging()
    with redirection(machine_of_process() if machine is None else machine, AnswerMode(mode)):
        yield


def switch_on(
    machine: Machine | None = None, mode: AnswerMode | AnswerModeName = AnswerMode.HONEST
) -> Callable[[], None]:
    """Redirect the calling thread, and all that it starts, until the returned function is called.

    Call it in the main thread before others start: a thread that is running already is not
    redirected. The arguments and errors are those of `redirect`.
    """
    block = contextlib.ExitStack()
    block.enter_context(redirect(machine, mode))
    _switched_on.add(block)  # a block that nothing holds would be left by the garbage collector

    def switch_off() -> None:
        _switched_on.discard(block)
        block.close()

    return switch_off


_switched_on: set[contextlib.ExitStack] = set()


def machine_of_process() -> Machine:
    """Return the machine of this process, with the home that its policy chooses if it can.

    Raises ``PolicyError`` if the policy cannot be read.
    """
    from torchdet.runtime.decide import decide_torch_runtime
    from torchdet.runtime.decision import Ready
    from torchdet.runtime.devices import Machine
    from torchdet.runtime.policy_sources import process_policy
    from torchdet.runtime.probe import probe_torch_runtime

    policy = process_policy()
    facts = probe_torch_runtime()
    decision = decide_torch_runtime(facts, policy)
    return decision.machine if isinstance(decision, Ready) else Machine.of(facts)
