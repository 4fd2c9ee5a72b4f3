"""Devices as data: reading a specification, and the two tables that place it on a machine.

`resolve_device` answers for migrated code, whose policy says what happens to a missing device.
`redirect_device` is TorchDevice's table for code that was not migrated. Both are pure: they see a
`Machine`, never torch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from torchdet.runtime.errors import InvalidDeviceError
from torchdet.runtime.policy_choices import OnMissing

if TYPE_CHECKING:
    from torchdet.runtime.facts import RuntimeFacts

# The accelerator types that the tables move between. Others that torch knows (meta, hpu, ...) are
# kept as they are, unless the machine itself has one.
ACCELERATOR_TYPES = ("cuda", "mps", "xpu")


@dataclass(frozen=True, slots=True)
class ConcreteDevice:
    """A device type with an index; the index is None where torch has none or means "current"."""

    type: str
    index: int | None = None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


CPU = ConcreteDevice("cpu")


@dataclass(frozen=True, slots=True)
class AutoDevice:
    """`"auto"`: the machine's preferred accelerator, or the CPU where there is none."""

    def __str__(self) -> str:
        return "auto"


@dataclass(frozen=True, slots=True)
class ImplicitDevice:
    """`None`: no device was named."""

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True, slots=True)
class CpuOverride:
    """`"cpu:-1"`: the CPU and nothing else."""

    def __str__(self) -> str:
        return "cpu:-1"


@dataclass(frozen=True, slots=True)
class AcceleratorCode:
    """A device code N >= 0 of the foreign function interface: the N-th accelerator."""

    index: int

    def __str__(self) -> str:
        return str(self.index)


@dataclass(frozen=True, slots=True)
class NamedDevice:
    """A device by its torch type, such as `"cuda"`, `"cuda:1"`, `"cpu"` or `"meta"`."""

    type: str
    index: int | None = None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


DeviceRequest = AutoDevice | ImplicitDevice | CpuOverride | AcceleratorCode | NamedDevice


class DeviceLike(Protocol):
    """What a `torch.device` shows; lets this module read one without importing torch."""

    @property
    def type(self) -> str: ...

    @property
    def index(self) -> int | None: ...


DeviceSpec = str | int | DeviceLike | None

_NAMED = re.compile(r"([a-z][a-z0-9_]*)(?::(0|[1-9][0-9]*))?", re.ASCII)
_CODE = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)


def parse_device(spec: DeviceSpec) -> DeviceRequest:
    """Read a device specification: text, a code, a `torch.device`, or None.

    Codes are those of the foreign function interface: negative is the CPU, N the N-th
    accelerator; text of digits is a code too, so that environment variables can hold one.
    Raises `InvalidDeviceError` for anything else, booleans included.

    >>> parse_device("cuda:1")
    NamedDevice(type='cuda', index=1)
    >>> parse_device(-1)
    NamedDevice(type='cpu', index=None)
    """
    if spec is None:
        return ImplicitDevice()
    if isinstance(spec, bool):
        raise InvalidDeviceError(f"{spec!r} is not a device; write a name such as 'cuda:0'")
    if isinstance(spec, int):
        return NamedDevice("cpu") if spec < 0 else AcceleratorCode(spec)
    if isinstance(spec, str):
        return _parse_text(spec)
    kind, index = getattr(spec, "type", None), getattr(spec, "index", None)
    if isinstance(kind, str) and (index is None or isinstance(index, int)):
        return NamedDevice(kind, index)
    raise InvalidDeviceError(
        f"a {type(spec).__name__} is not a device; pass text, an integer code, a torch.device or "
        "None"
    )


def _parse_text(text: str) -> DeviceRequest:
    if text == "auto":
        return AutoDevice()
    if text == "cpu:-1":
        return CpuOverride()
    if _CODE.fullmatch(text):
        return parse_device(int(text))
    match = _NAMED.fullmatch(text)
    if match is None:
        raise InvalidDeviceError(
            f"{text!r} is not a device; expected 'auto', 'cpu', a type with an optional index "
            "such as 'cuda:1', or a code (-1 is the CPU, N the N-th accelerator)"
        )
    kind, index = match.groups()
    return NamedDevice(kind, None if index is None else int(index))


@dataclass(frozen=True, slots=True)
class Machine:
    """The accelerators of a machine as (type, count), in order of preference.

    `home_index` is the device of the preferred type that unnamed requests go to.
    """

    accelerators: tuple[tuple[str, int], ...] = ()
    home_index: int = 0

    def __str__(self) -> str:
        """Return what is there in words, such as `2 x cuda`."""
        return ", ".join(f"{n} x {kind}" for kind, n in self.accelerators) or "no accelerator"

    @classmethod
    def of(cls, facts: RuntimeFacts) -> Machine:
        """Count the accelerators in the facts; without torch there are none."""
        counts: dict[str, int] = {}
        for each in getattr(facts.torch, "accelerators", ()):
            counts[each.type] = counts.get(each.type, 0) + 1
        return cls(tuple(counts.items()))

    def count(self, kind: str) -> int:
        """Return how many devices of one type there are."""
        return dict(self.accelerators).get(kind, 0)

    @property
    def home(self) -> ConcreteDevice:
        """The device that unnamed requests go to: the preferred accelerator, else the CPU."""
        if not self.accelerators:
            return CPU
        return _device(self.accelerators[0][0], self.home_index)


def _device(kind: str, index: int | None) -> ConcreteDevice:
    """Normalise an index as tensors report it: none on the CPU, always 0 on MPS."""
    if kind == "cpu":
        return CPU
    return ConcreteDevice(kind, 0 if kind == "mps" else index)


def is_accelerator(kind: str, machine: Machine) -> bool:
    """Tell whether the tables treat this type as an accelerator."""
    return kind in ACCELERATOR_TYPES or machine.count(kind) > 0


# --- the table of migrated code ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """The device that a request gets; `substituted` says that another one was asked for."""

    device: ConcreteDevice
    substituted: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The request cannot be met: no such type, or no such index among `count` devices."""

    request: DeviceRequest
    type: str
    count: int


def resolve_device(
    request: DeviceRequest, machine: Machine, on_missing: OnMissing
) -> Placed | Missing:
    """Place a request on a machine; `on_missing` acts on devices that are not there, and only then.

    A type without an index is the machine's home device if that is of the type, else the first of
    its kind. The CPU is always there. Types that are no accelerators (`meta`) are kept for torch to
    judge.

    >>> resolve_device(parse_device("cuda"), Machine(), OnMissing.CPU)
    Placed(device=ConcreteDevice(type='cpu', index=None), substituted=True)
    """
    if isinstance(request, (AutoDevice, ImplicitDevice)):
        return Placed(machine.home)
    if isinstance(request, CpuOverride):
        return Placed(CPU)
    if isinstance(request, AcceleratorCode):
        kind = machine.accelerators[0][0] if machine.accelerators else "cuda"
        index: int | None = request.index
    else:
        kind, index = request.type, request.index
    if not is_accelerator(kind, machine):
        return Placed(_device(kind, index))
    count = machine.count(kind)
    if (index or 0) < count:
        if index is None and machine.accelerators[0][0] == kind:
            index = machine.home_index
        return Placed(_device(kind, index or 0))
    if on_missing is OnMissing.REJECT:
        return Missing(request, kind, count)
    if on_missing is OnMissing.CPU:
        return Placed(CPU, substituted=True)
    return Placed(_fold(index, count, kind, machine), substituted=True)


# --- TorchDevice's table -------------------------------------------------------------------------


class RedirectionRow(Enum):
    """The row of TorchDevice's table that a request falls under."""

    IMPLICIT = "no device named"
    CPU = "explicit cpu"
    CPU_OVERRIDE = "cpu:-1"
    ACCELERATOR = "explicit accelerator"
    KEPT = "not a device of the table"


@dataclass(frozen=True, slots=True)
class Redirection:
    """What a request becomes, and the state of the CPU override after it.

    `changed` says that the device is another one than was asked for (and is to be logged).
    """

    device: ConcreteDevice
    row: RedirectionRow
    changed: bool
    cpu_override: bool


@lru_cache(maxsize=4096)
def redirect_device(request: DeviceRequest, machine: Machine, *, cpu_override: bool) -> Redirection:
    """Apply TorchDevice's table to one request.

    Its rows: no device named, and an explicit CPU, go to the accelerator (the CPU where there is
    none); an explicit accelerator stays where it exists, else goes to the machine's accelerator,
    else to the CPU; `cpu:-1` is the CPU on every machine and toggles the override under which an
    explicit CPU stays the CPU (the request that switches the override off is itself still on the
    CPU, as its row says). Indices fold onto devices that exist. What the table does not know
    (`meta`, another backend's type) is kept.

    >>> redirect_device(parse_device("cuda:5"), Machine((("mps", 1),)), cpu_override=False).device
    ConcreteDevice(type='mps', index=0)
    """
    if isinstance(request, CpuOverride):
        return Redirection(CPU, RedirectionRow.CPU_OVERRIDE, False, not cpu_override)
    if isinstance(request, (AutoDevice, ImplicitDevice)):
        home = machine.home
        return Redirection(home, RedirectionRow.IMPLICIT, home != CPU, cpu_override)
    if isinstance(request, AcceleratorCode):
        kind = machine.accelerators[0][0] if machine.accelerators else "cuda"
        request = NamedDevice(kind, request.index)
    if request.type == "cpu":
        device = CPU if cpu_override else machine.home
        return Redirection(device, RedirectionRow.CPU, device != CPU, cpu_override)
    if not is_accelerator(request.type, machine):
        kept = ConcreteDevice(request.type, request.index)
        return Redirection(kept, RedirectionRow.KEPT, False, cpu_override)
    count = machine.count(request.type)
    if count and (request.index is None or request.index < count):
        same = _device(request.type, request.index)
        return Redirection(same, RedirectionRow.ACCELERATOR, False, cpu_override)
    device = _fold(request.index, count, request.type, machine)
    return Redirection(device, RedirectionRow.ACCELERATOR, True, cpu_override)


def _fold(index: int | None, count: int, kind: str, machine: Machine) -> ConcreteDevice:
    """Give a device that exists for one that does not: same type first, then the home type."""
    if not count:
        if not machine.accelerators:
            return CPU
        kind, count = machine.accelerators[0]
    return _device(kind, machine.home_index if index is None else index % count)
