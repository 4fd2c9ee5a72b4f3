"""Writing the settings and proving that they took. Nothing else in the runtime writes to torch's
process-wide state on its own account.
"""

from __future__ import annotations

import dataclasses
import warnings
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.access import Value
from torchdet.runtime.decision import Rejection, RejectionReason
from torchdet.runtime.facts import DataLoaderWorker, ProcessRole
from torchdet.runtime.policy_choices import Determinism
from torchdet.runtime.settings import (
    Setting,
    SettingState,
    SettingStatus,
    read_setting,
    settings_for,
)

if TYPE_CHECKING:
    from torch import Tensor

    from torchdet.runtime.policy import RuntimePolicy

_FINE = (SettingStatus.HOLDS, SettingStatus.NOT_IN_THIS_TORCH)


def policy_in(role: ProcessRole, policy: RuntimePolicy) -> RuntimePolicy:
    """Return the part of a policy that holds in a process of this role.

    DataLoader workers keep the one thread that torch gives them, and the seeds that it derived
    for them.
    """
    if not isinstance(role, DataLoaderWorker):
        return policy
    return dataclasses.replace(policy, seed=None, num_threads=None, num_interop_threads=None)


def apply_settings(torch: ModuleType, policy: RuntimePolicy) -> tuple[Rejection, ...]:
    """Write every setting in its order, read each one back, and run the probe that must raise.

    Returns what did not take, as rejections that name the setting; nothing when all is well.
    """
    rows = settings_for(policy)
    refusals = {row.name: _write(torch, row, value) for row, value in rows}
    states = (read_setting(torch, row, value) for row, value in rows)
    rejections = [
        _not_applied(state, refusals[state.name]) for state in states if state.status not in _FINE
    ]
    alert = check_alert(torch, policy.determinism)
    return (*rejections, *([] if alert is None else [alert]))


def _write(torch: ModuleType, row: Setting, value: Value) -> str:
    """Write one setting; return what torch said if it refused (the read-back then decides)."""
    try:
        if row.access.exists(torch):
            row.access.write(torch, value)
    except (RuntimeError, ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _not_applied(state: SettingState, refusal: str) -> Rejection:
    said = f"; torch said {refusal!r}" if refusal else ""
    return Rejection(
        RejectionReason.SETTING_NOT_APPLIED,
        f"{state.name} was set to {state.wanted!r} and reads back as {state.actual!r}{said}",
        "look for code that freezes or replaces this setting before the handle is obtained, and "
        "get the handle first",
        (
            ("setting", state.name),
            ("wanted", repr(state.wanted)),
            ("actual", repr(state.actual)),
            ("refusal", refusal),
        ),
    )


def check_alert(torch: ModuleType, determinism: Determinism) -> Rejection | None:
    """Run an operation that has no deterministic implementation and see torch object to it.

    `put_` without accumulation alerts on every device and for any input. Under `strict` it must
    raise, under `warn-only` it must warn.
    """
    # Modes of the caller (a default device, redirection, fake tensors) stay out of it.
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        target = torch.zeros(1, device="cpu")
        index = torch.zeros(1, dtype=torch.int64, device="cpu")
        objected = (
            _raises(torch, target, index)
            if determinism is Determinism.STRICT
            else _warns(torch, target, index)
        )
    if objected:
        return None
    return Rejection(
        RejectionReason.PROBE_DID_NOT_RAISE,
        "an operation without a deterministic implementation (put_) ran without an objection, "
        f"although determinism is {determinism.value!r}",
        "report this torch build; its determinism switch has no effect",
    )


def _raises(torch: ModuleType, target: Tensor, index: Tensor) -> bool:
    try:
        torch.Tensor.put_(target, index, target.clone())
    except RuntimeError as error:
        return "deterministic" in str(error)
    return False


def _warns(torch: ModuleType, target: Tensor, index: Tensor) -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.Tensor.put_(target, index, target.clone())
    return any("deterministic" in str(each.message) for each in caught)
