"""The whole state of the runtime as plain data, for logs and experiment trackers."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from enum import Enum
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.events import EventKind, RuntimeEvent, emit
from torchdet.runtime.exemptions import Exemption, exemptions, is_exempting
from torchdet.runtime.policy_choices import Determinism
from torchdet.runtime.settings import SettingState, SettingStatus, read_settings

if TYPE_CHECKING:
    from torchdet.runtime.decision import Ready
    from torchdet.runtime.policy import RuntimePolicy

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_TROUBLE = (SettingStatus.DIFFERS, SettingStatus.UNREADABLE)


@dataclasses.dataclass(frozen=True, slots=True)
class Audit:
    """Every setting as it reads now; `drift` are those that no longer hold.

    `exemptions` are the operations that the program let through, with their reasons and how often.
    """

    states: tuple[SettingState, ...]
    exemptions: tuple[Exemption, ...] = ()

    @property
    def drift(self) -> tuple[SettingState, ...]:
        """The settings that read back otherwise than the policy wants."""
        return tuple(state for state in self.states if state.status in _TROUBLE)

    @property
    def holds(self) -> bool:
        """Tell whether every setting still holds."""
        return not self.drift


def audit_settings(torch: ModuleType, policy: RuntimePolicy) -> Audit:
    """Read every setting again and report drift as an event."""
    if is_exempting():  # the exemption is what the program asked for, not drift
        policy = dataclasses.replace(policy, determinism=Determinism.WARN_ONLY)
    known = tuple(dataclasses.replace(each) for each in exemptions())
    audit = Audit(read_settings(torch, policy), known)
    for state in audit.drift:
        message = f"{state.name} has drifted: wanted {state.wanted!r}, reads {state.actual!r}"
        details = {"setting": state.name, "wanted": state.wanted, "actual": state.actual}
        emit(RuntimeEvent(EventKind.DRIFTED, message, details), logging.WARNING)
    return audit


def to_plain(value: object) -> Plain:
    """Turn the runtime's data types into what JSON can hold.

    Data classes become dictionaries, enums their values, tuples lists; the name of a class that
    stands for a case (`TorchAbsent`, `DataLoaderWorker`) is kept under `kind`.

    >>> to_plain((EventKind.APPLIED, 1))
    ['applied', 1]
    """
    if isinstance(value, Enum):
        return to_plain(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **_mapping(fields)}
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (tuple, list)):
        return [to_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _mapping(values: Mapping[str, object]) -> dict[str, Plain]:
    return {str(name): to_plain(value) for name, value in values.items()}


def runtime_report(ready: Ready, device: str, audit: Audit) -> dict[str, Plain]:
    """Return the whole state: decision, device, policy, facts, and each setting as it reads now."""
    return {
        "device": device,
        "policy": _mapping(ready.policy.as_dict()),
        "substitutions": to_plain(ready.substitutions),
        "facts": to_plain(ready.facts),
        "settings": to_plain(audit.states),
        "holds": audit.holds,
        "exemptions": to_plain(audit.exemptions),
    }
