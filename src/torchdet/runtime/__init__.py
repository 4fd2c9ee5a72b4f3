"""Deterministic torch for one process: probe the facts, decide, apply once, use the handle.

    from torchdet.runtime import get_torch_handle

    rt = get_torch_handle()
    torch = rt.torch

A library holds `deferred_handle()` instead: it sets nothing, which is the program's to do.

Importing this package imports nothing else: each name below is loaded when it is first used, and
torch only by the calls that need it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.runtime.decide import decide_torch_runtime
    from torchdet.runtime.decision import (
        Ready,
        Rejected,
        Rejection,
        RejectionReason,
        Substitution,
    )
    from torchdet.runtime.deferred import deferred_handle
    from torchdet.runtime.device_enum import Device
    from torchdet.runtime.device_properties import DeviceProperties
    from torchdet.runtime.devices import parse_device, redirect_device, resolve_device
    from torchdet.runtime.errors import (
        DeviceMissingError,
        InvalidDeviceError,
        PoisonedHandleError,
        PolicyConflictError,
        PolicyError,
        RuntimeSetupError,
        SettingError,
        StateError,
        TorchBrokenError,
        TorchImportedFirstError,
        TorchNotInstalledError,
        TorchRuntimeRejected,
        UnsupportedOnDeviceError,
        WrongThreadError,
    )
    from torchdet.runtime.events import EventKind, RuntimeEvent, on_event
    from torchdet.runtime.facts import RuntimeFacts
    from torchdet.runtime.handle import TorchHandle
    from torchdet.runtime.memory import MemoryFigures, Unanswered
    from torchdet.runtime.poison import PoisonedHandle
    from torchdet.runtime.policy import RuntimePolicy
    from torchdet.runtime.policy_choices import Determinism, OnMissing, Precision, ThreadAffinity
    from torchdet.runtime.policy_sources import process_policy
    from torchdet.runtime.probe import probe_torch_runtime
    from torchdet.runtime.process import apply_torch_runtime, disable, get_torch_handle
    from torchdet.runtime.seeding import derive_seed
    from torchdet.runtime.simulate import simulated_facts

_EXPORTS = {
    "decide": ("decide_torch_runtime",),
    "decision": ("Ready", "Rejected", "Rejection", "RejectionReason", "Substitution"),
    "deferred": ("deferred_handle",),
    "device_enum": ("Device",),
    "device_properties": ("DeviceProperties",),
    "devices": ("parse_device", "redirect_device", "resolve_device"),
    "errors": (
        "DeviceMissingError",
        "InvalidDeviceError",
        "PoisonedHandleError",
        "PolicyConflictError",
        "PolicyError",
        "RuntimeSetupError",
        "SettingError",
        "StateError",
        "TorchBrokenError",
        "TorchImportedFirstError",
        "TorchNotInstalledError",
        "TorchRuntimeRejected",
        "UnsupportedOnDeviceError",
        "WrongThreadError",
    ),
    "events": ("EventKind", "RuntimeEvent", "on_event"),
    "facts": ("RuntimeFacts",),
    "handle": ("TorchHandle",),
    "memory": ("MemoryFigures", "Unanswered"),
    "poison": ("PoisonedHandle",),
    "policy": ("RuntimePolicy",),
    "policy_choices": ("Determinism", "OnMissing", "Precision", "ThreadAffinity"),
    "policy_sources": ("process_policy",),
    "probe": ("probe_torch_runtime",),
    "process": ("apply_torch_runtime", "disable", "get_torch_handle"),
    "seeding": ("derive_seed",),
    "simulate": ("simulated_facts",),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [
    "Determinism",
    "Device",
    "DeviceMissingError",
    "DeviceProperties",
    "EventKind",
    "InvalidDeviceError",
    "MemoryFigures",
    "OnMissing",
    "PoisonedHandle",
    "PoisonedHandleError",
    "PolicyConflictError",
    "PolicyError",
    "Precision",
    "Ready",
    "Rejected",
    "Rejection",
    "RejectionReason",
    "RuntimeEvent",
    "RuntimeFacts",
    "RuntimePolicy",
    "RuntimeSetupError",
    "SettingError",
    "StateError",
    "Substitution",
    "ThreadAffinity",
    "TorchBrokenError",
    "TorchHandle",
    "TorchImportedFirstError",
    "TorchNotInstalledError",
    "TorchRuntimeRejected",
    "Unanswered",
    "UnsupportedOnDeviceError",
    "WrongThreadError",
    "apply_torch_runtime",
    "decide_torch_runtime",
    "deferred_handle",
    "derive_seed",
    "disable",
    "get_torch_handle",
    "on_event",
    "parse_device",
    "probe_torch_runtime",
    "process_policy",
    "redirect_device",
    "resolve_device",
    "simulated_facts",
]


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
