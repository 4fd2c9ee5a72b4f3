"""From what a program hands to torch as a device, to the device it gets. Pure, without torch."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.runtime.devices import (
    ConcreteDevice,
    CpuOverride,
    DeviceLike,
    ImplicitDevice,
    Machine,
    NamedDevice,
    RedirectionRow,
    parse_device,
    redirect_device,
)
from torchdet.runtime.errors import InvalidDeviceError


@dataclass(frozen=True, slots=True)
class Placement:
    """The table's answer to one request; ``toggles`` says that it switches the CPU override."""

    asked: str
    device: ConcreteDevice
    row: RedirectionRow
    toggles: bool


def place(
    spec: str | int | DeviceLike, machine: Machine, *, cpu_override: bool
) -> Placement | None:
    """Apply TorchDevice's table; None means that torch gets the request as it stands.

    None is the answer for devices that exist, for types that the table does not know (``meta``),
    and for what is no device at all (``"banana"``, ``-3``): torch's own error is the best one.

    Example:
        >>> place("cuda:1", Machine((("mps", 1),)), cpu_override=False).device
        ConcreteDevice(type='mps', index=0)
        >>> place("meta", Machine(), cpu_override=False) is None
        True
    """
    if isinstance(spec, int) and spec < 0:
        return None
    asked = _without_missing_index(spec) if isinstance(spec, str) else spec
    try:
        request = parse_device(asked)
    except InvalidDeviceError:
        return None
    if isinstance(asked, str) and not isinstance(request, (NamedDevice, CpuOverride)):
        return None  # "auto" and "0" are this runtime's spellings; torch has no such strings
    answer = redirect_device(request, machine, cpu_override=cpu_override)
    toggles = answer.cpu_override != cpu_override
    if not answer.changed and not toggles and asked == spec:
        return None
    return Placement(str(spec), answer.device, answer.row, toggles)


def _without_missing_index(text: str) -> str:
    """Read ``f"cuda:{x.device.index}"``, written where devices have an index."""
    return text.removesuffix(":None")


# What torch._dynamo.assume_constant_result sets: a trace takes the answer, not the way to it.
vars(place)["_dynamo_marked_constant"] = True


def implicit_placement(machine: Machine) -> Placement | None:
    """Apply the row for calls that name no device; None where they stay on the CPU."""
    answer = redirect_device(ImplicitDevice(), machine, cpu_override=False)
    if not answer.changed:
        return None
    return Placement("no device", answer.device, answer.row, toggles=False)
