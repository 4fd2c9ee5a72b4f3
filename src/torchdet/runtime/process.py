"""The handle of this process: made at most once, under a lock, and renewed after a fork.

The flags belong to the process, so there is one handle a process and one policy. Threads that ask
at the same time all get it; a forked child inherits it together with the flags; a spawned child
starts without either and applies the policy that it was handed.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn

from torchdet.runtime.apply import apply_settings, policy_in
from torchdet.runtime.decide import decide_torch_runtime, decide_without_settings
from torchdet.runtime.decision import Ready, Rejected, Rejection, RejectionReason
from torchdet.runtime.devices import CPU
from torchdet.runtime.errors import (
    PolicyConflictError,
    SettingError,
    TorchBrokenError,
    TorchNotInstalledError,
    TorchRuntimeRejected,
)
from torchdet.runtime.events import EventKind, RuntimeEvent, emit
from torchdet.runtime.facts import MainProcess
from torchdet.runtime.handle import TorchHandle
from torchdet.runtime.policy import RuntimePolicy, policy_from_mapping
from torchdet.runtime.policy_sources import configure_logging, process_policy, redirects_always
from torchdet.runtime.probe import (
    probe_distributed_rank,
    probe_process_role,
    probe_torch_runtime,
)
from torchdet.runtime.seeding import checked_seed, pass_seed_on, seed_everything
from torchdet.runtime.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from torchdet.runtime.devices import DeviceSpec
    from torchdet.runtime.policy_choices import Precision, PrecisionName


class _ProcessState:
    """The one mutable thing of the runtime."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.handle: TorchHandle | None = None
        self.before: Snapshot | None = None

    def renew_lock(self) -> None:
        """Replace the lock: a thread of the parent may have held it, and is not here."""
        self.lock = threading.RLock()


_state = _ProcessState()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.renew_lock)


def get_torch_handle(
    policy: RuntimePolicy | None = None,
    *,
    device: DeviceSpec = None,
    seed: int | None = None,
    precision: Precision | PrecisionName | None = None,
) -> TorchHandle:
    """Return the handle of this process, deciding and applying on the first call.

    Without a policy the process's own holds (environment, configuration file, defaults), and a
    later call returns the same handle at once. `device`, `seed` and `precision` change these
    fields of it, and win over every other source. A seed is passed on to subprocesses: they are
    seeded alike when they get their handle.

    Raises `TorchRuntimeRejected` with every reason if this process may not run torch,
    `PolicyError` if its policy cannot be read, and `PolicyConflictError` if another policy already
    holds. Where torch is missing or broken the rejection is an `ImportError` as well, as
    `import torch` would raise it.

    >>> rt = get_torch_handle()
    >>> rt is get_torch_handle()
    True
    """
    _require_policy(policy)
    given = {"device": device, "seed": seed, "precision": precision}
    fields = {name: value for name, value in given.items() if value is not None}
    handle = _state.handle
    if handle is not None and policy is None and not fields:
        return handle
    configure_logging()
    with _state.lock:
        if _state.handle is not None:
            return _same(_state.handle, _changed_policy(policy or _state.handle.policy, fields))
        wanted = process_policy(fields) if policy is None else _changed_policy(policy, fields)
        decision = decide_torch_runtime(probe_torch_runtime(), wanted)
        outcome = _set_up(decision) if isinstance(decision, Ready) else decision
    return _reported(outcome)


def apply_torch_runtime(ready: Ready) -> TorchHandle:
    """Set, prove, and return the handle. The only call that writes to torch's global state.

    The decision is made again on fresh facts first, because it may be old: what has become too
    late in between, or a machine that is another than the decision's, is refused. Every setting
    is read back, and an operation without a deterministic implementation must raise (warn). A
    second call with an equal policy returns the same handle.

    Raises `TorchRuntimeRejected` with every reason, and `PolicyConflictError` if another policy
    already holds. After a rejection some settings may be in effect; no handle is.
    """
    _require_ready(ready)
    configure_logging()
    with _state.lock:
        if _state.handle is not None:
            return _same(_state.handle, ready.policy)
        fresh = _decide_again(ready)
        outcome = _set_up(ready) if isinstance(fresh, Ready) else fresh
    return _reported(outcome)


def disable() -> Callable[[], None]:
    """Put every setting back as it was before the handle, and forget the handle.

    For tests that need torch without the policy, or under another one. What is returned puts the
    handle and its settings back. Generators of random numbers stay as they are. Where this process
    has no handle there is nothing to disable. Raises `SettingError` for a setting that torch does
    not change twice (the number of interop threads); all others are back by then.

    >>> rt = get_torch_handle()
    >>> enable = disable()
    >>> rt.torch.are_deterministic_algorithms_enabled()
    False
    >>> enable()
    >>> get_torch_handle() is rt and rt.audit().holds
    True
    """
    with _state.lock:
        handle, before = _state.handle, _state.before
        _state.handle = _state.before = None
        stuck = () if handle is None or before is None else before.restore(handle.torch)

    def enable() -> None:
        with _state.lock:
            if _state.handle is not None:
                disable()
            _state.handle, _state.before = handle, before
            if handle is not None:
                handle.reapply()
                if handle.policy.seed is not None:
                    pass_seed_on(handle.policy.seed)

    if stuck:
        enable()
        raise SettingError(f"torch does not change {', '.join(stuck)} a second time in a process")
    return enable


def current_handle() -> TorchHandle | None:
    """Return the handle if this process has been set up already; never sets it up."""
    return _state.handle


def handle_without_settings() -> TorchHandle:
    """Return a handle that decides as this process's would, and has set nothing.

    Raises `TorchRuntimeRejected` where torch cannot run on any device that the policy allows, and
    `PolicyError` if the policy cannot be read.
    """
    configure_logging()
    decision = decide_without_settings(probe_torch_runtime(), process_policy())
    if isinstance(decision, Rejected):
        _reject(decision)
    return TorchHandle(importlib.import_module("torch"), decision)


def handle_of_this_process(policy: RuntimePolicy) -> TorchHandle:
    """Return this process's handle; apply `policy` if there is none yet. Handles unpickle to it."""
    return _state.handle or get_torch_handle(policy)


def handle_in_worker(policy: RuntimePolicy) -> TorchHandle:
    """Return the handle of a DataLoader worker with every setting in effect.

    A forked worker inherits the handle and the process's flags, but not always what belongs to a
    thread; a spawned one gets everything here.
    """
    handle = handle_of_this_process(policy)
    if not handle.audit().holds:
        handle.reapply()
    return handle


def _require_policy(policy: object) -> None:
    """Stop callers that pass a field of the policy as the policy."""
    if policy is None or isinstance(policy, RuntimePolicy):
        return
    if isinstance(policy, (str, int)) or hasattr(policy, "index"):
        hint = f"for a device write get_torch_handle(device={str(policy)!r})"
    else:
        hint = "write get_torch_handle(RuntimePolicy(...)), or name fields: device, seed, precision"
    raise TypeError(f"expected a RuntimePolicy, got {policy!r}; {hint}")


def _changed_policy(policy: RuntimePolicy, fields: Mapping[str, object]) -> RuntimePolicy:
    """Return the policy with some fields changed; `RuntimePolicy` checks their values."""
    return policy_from_mapping({**policy.as_dict(), **fields})


def _same(handle: TorchHandle, policy: RuntimePolicy) -> TorchHandle:
    if policy == handle.policy:
        return handle
    raise PolicyConflictError(handle.policy, policy)


def _decide_again(ready: Ready) -> Ready | Rejected:
    """Decide on fresh facts; reject what was decided for another machine."""
    fresh = decide_torch_runtime(probe_torch_runtime(), ready.policy)
    if isinstance(fresh, Rejected):
        return fresh
    if (fresh.device, fresh.machine) != (ready.device, ready.machine):
        return Rejected(fresh.facts, ready.policy, (_changed(ready, fresh),))
    return fresh


def _set_up(ready: Ready) -> TorchHandle | Rejected:
    """Write the settings and keep the handle; reject if one does not take. Under the lock."""
    torch = importlib.import_module("torch")
    policy = policy_in(probe_process_role(), ready.policy)
    before = take_snapshot(torch, policy)
    failed = apply_settings(torch, policy)
    if failed:
        return Rejected(ready.facts, ready.policy, failed)
    if policy.seed is not None:
        seed_everything(torch, checked_seed(policy.seed))
        pass_seed_on(policy.seed)
    _state.handle, _state.before = TorchHandle(torch, ready), before
    if redirects_always():
        from torchdet.runtime.redirect import switch_on

        switch_on(ready.machine)
    return _state.handle


def _reported(outcome: TorchHandle | Rejected) -> TorchHandle:
    """Say how it went. Not under the lock: a listener may wait for a thread that wants it."""
    if isinstance(outcome, Rejected):
        _reject(outcome)
    _announce(outcome.runtime)
    return outcome


def _require_ready(decision: object) -> None:
    """Stop callers that pass on a decision without looking at it."""
    if isinstance(decision, Rejected):
        _reject(decision)
    if not isinstance(decision, Ready):
        raise TypeError(f"expected a Ready, as decide_torch_runtime returns it, got {decision!r}")


def _changed(ready: Ready, fresh: Ready) -> Rejection:
    return Rejection(
        RejectionReason.FACTS_CHANGED,
        f"the decision was for {_place(ready)}, and this process would now decide for "
        f"{_place(fresh)}; its facts are not this machine's (any more)",
        "decide again on fresh facts: decide_torch_runtime(probe_torch_runtime(), policy)",
        (("decided", _place(ready)), ("now", _place(fresh))),
    )


def _place(ready: Ready) -> str:
    return f"{ready.device} on a machine with {ready.machine}"


def _reject(rejected: Rejected) -> NoReturn:
    """Report a rejection to the log and the listeners, then stop."""
    error = _rejection_error(rejected)
    details = {
        "reasons": [each.value for each in rejected.reasons],
        "details": [dict(each.details) for each in rejected.rejections],
        "policy": rejected.policy.as_dict(),
    }
    # Programs that can do without torch ask for it and go on; nobody has to read of that.
    level = logging.INFO if isinstance(error, TorchNotInstalledError) else logging.ERROR
    emit(RuntimeEvent(EventKind.REJECTED, str(error), details), level)
    raise error


def _rejection_error(rejected: Rejected) -> TorchRuntimeRejected:
    if RejectionReason.TORCH_NOT_INSTALLED in rejected.reasons:
        return TorchNotInstalledError(rejected)
    if RejectionReason.TORCH_IMPORT_FAILED in rejected.reasons:
        return TorchBrokenError(rejected)
    return TorchRuntimeRejected(rejected)


def _announce(ready: Ready) -> None:
    # Workers and other ranks would only repeat what one process has said already.
    is_first = _speaks_for_the_program()
    loud, quiet = (logging.WARNING, logging.INFO) if is_first else (logging.DEBUG, logging.DEBUG)
    for each in ready.substitutions:
        message = f"{each.requested} is not there; {each.given} is used in its place"
        details = {"requested": each.requested, "given": str(each.given)}
        emit(RuntimeEvent(EventKind.SUBSTITUTED, message, details), loud)
    if ready.policy.device == "auto" and ready.device == CPU:
        message = "no accelerator was found, so device 'auto' is the CPU"
        emit(RuntimeEvent(EventKind.NO_ACCELERATOR, message), loud)
    message = f"torch {ready.torch.version} runs deterministically on {ready.device}"
    applied = {"device": str(ready.device), "policy": ready.policy.as_dict()}
    emit(RuntimeEvent(EventKind.APPLIED, message, applied), quiet)


def _speaks_for_the_program() -> bool:
    rank = probe_distributed_rank()
    return isinstance(probe_process_role(), MainProcess) and (rank is None or rank.rank == 0)
