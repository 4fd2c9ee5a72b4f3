"""Operations that a program lets through although torch has no deterministic algorithm for them.

An exemption has a scope, names and a reason. Within it torch warns instead of raising; a warning
about a named operation is counted, and one about any other is raised as the error that it would
have been. Torch keeps its switch, and Python its warnings, for the whole process: other threads
are under the same exemption meanwhile.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType, ModuleType

from torchdet.runtime.errors import PolicyError
from torchdet.runtime.events import EventKind, Place, RuntimeEvent, emit

_ALERT = re.compile(r"^(.+?) does not have a deterministic implementation")

# How torch's alerts call what programs know by another name.
_ALERT_NAMES = {
    "bincount": "_bincount",
    "ctc_loss": "ctc_loss_backward",
    "cumsum": "cumsum_",
    "grid_sample": "grid_sampler",
    "histc": "_histc",
    "interpolate": "upsample_",
    "max_unpool": "max_unpooling",
    "max_unpool1d": "max_unpooling2d",
    "max_unpool2d": "max_unpooling2d",
    "max_unpool3d": "max_unpooling3d",
    "nll_loss": "nll_loss2d",
    "adaptive_avg_pool1d": "adaptive_avg_pool2d",
    "adaptive_max_pool1d": "adaptive_max_pool2d",
    "put": "put_",
    "take": "put_",
    "upsample": "upsample_",
}


@dataclass(slots=True)
class Exemption:
    """One `with rt.allow_nondeterminism(...)` of the program; `count` is how often it was used."""

    operations: tuple[str, ...]
    reason: str
    place: str
    count: int = 0


@dataclass(slots=True)
class _Registry:
    """The exemptions of this process, by their places, and those that are in force."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    known: dict[tuple[tuple[str, ...], str, str], Exemption] = field(default_factory=dict)
    active: list[Exemption] = field(default_factory=list)


_registry = _Registry()


def exemptions() -> tuple[Exemption, ...]:
    """Return what this process has let through so far."""
    return tuple(_registry.known.values())


def is_exempting() -> bool:
    """Tell whether an exemption is in force now."""
    return bool(_registry.active)


@contextmanager
def exempt(
    torch: ModuleType, operations: tuple[str, ...], reason: str, caller: FrameType
) -> Iterator[None]:
    """Let the named operations through within the block."""
    exemption = _registered(operations, reason, caller)
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    _registry.active.append(exemption)
    with warnings.catch_warnings():
        passed_on = warnings.showwarning

        def show(message: Warning | str, *rest: object) -> None:
            alert = _ALERT.match(str(message))
            if alert is None:
                passed_on(message, *rest)  # type: ignore[arg-type]  # as it was given
            elif not _count(alert[1]) and not before[1]:
                raise RuntimeError(
                    f"{alert[1]} does not have a deterministic implementation, and the exemption "
                    f"in force is for {', '.join(operations)}"
                )

        warnings.filterwarnings("always", message=r".* does not have a deterministic implementat")
        warnings.showwarning = show  # type: ignore[assignment]  # it passes all on
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            _registry.active.remove(exemption)
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def _registered(operations: tuple[str, ...], reason: str, caller: FrameType) -> Exemption:
    if not operations or not all(isinstance(each, str) and each for each in operations):
        raise PolicyError('name the operations to let through, such as "max_unpool2d"')
    if not isinstance(reason, str) or not reason.strip():
        raise PolicyError("an exemption needs a reason, for who reads the audit")
    code = caller.f_code
    place = Place(code.co_filename, caller.f_lineno, code.co_name)
    with _registry.lock:
        key = (operations, reason, str(place))
        if key not in _registry.known:
            _registry.known[key] = Exemption(operations, reason, str(place))
            details = {"operations": list(operations), "reason": reason, "place": str(place)}
            message = f"{', '.join(operations)} may be nondeterministic at {place}: {reason}"
            emit(RuntimeEvent(EventKind.EXEMPTED, message, details), logging.WARNING, place=place)
        return _registry.known[key]


def _count(alert: str) -> bool:
    """Count an alert for the innermost exemption that names its operation, if there is one."""
    with _registry.lock:
        for exemption in reversed(_registry.active):
            if any(_names(name, alert) for name in exemption.operations):
                exemption.count += 1
                return True
    return False


def _names(operation: str, alert: str) -> bool:
    """Tell whether a program's name of an operation is the one that torch's alert is about.

    >>> _names("torch.nn.functional.max_unpool2d", "max_unpooling2d_forward_out")
    True
    >>> _names("put_", "max_unpooling2d_forward_out")
    False
    """
    name = operation.rpartition(".")[2]
    return alert.startswith((_ALERT_NAMES.get(name, name), f"_{name}"))


def calling_frame() -> FrameType:
    """Return the frame of the program that called the handle."""
    return sys._getframe(2)
