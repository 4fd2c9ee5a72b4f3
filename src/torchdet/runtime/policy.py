"""The policy: what a process asks of torch, as one frozen value."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from torchdet.runtime.devices import CpuOverride, ImplicitDevice, parse_device
from torchdet.runtime.errors import InvalidDeviceError, PolicyError
from torchdet.runtime.policy_choices import Determinism, OnMissing, Precision, ThreadAffinity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torchdet.runtime.devices import DeviceLike, DeviceRequest, DeviceSpec

_Choice = TypeVar("_Choice", bound=Enum)

# torch.manual_seed takes this range (numbers below zero are its alias for the upper half).
_SEED_MIN, _SEED_MAX = -(2**63), 2**64 - 1


@dataclass(frozen=True, slots=True)
class RuntimePolicy:
    """What this process asks of torch. Every field has a safe default.

    - `device`: `auto` (the preferred accelerator, else the CPU, which is logged), `cpu`, a type
      with an optional index (`cuda`, `cuda:1`, `mps`), a `torch.device`, or a code (-1 the CPU, N
      the N-th accelerator). It reads back as text.
    - `on_missing`: what happens when that accelerator is not there: `reject` it, `redirect` by
      TorchDevice's table, or use the `cpu`. The last two are always logged.
    - `require_cudnn`: refuse a CUDA device without cuDNN (MIOpen on ROCm).
    - `precision`: `ieee`, or `tf32` where the hardware has it.
    - `thread_affinity`: whether only the main thread may set the runtime up.
    - `determinism`: `strict` raises on an operation without a deterministic implementation,
      `warn-only` warns.
    - `fill_uninitialized_memory`: fill what `torch.empty` and its kin return, so that reading it
      by mistake gives the same bits each time. It costs time for every such call; it may go once
      nothing reads uninitialised memory.
    - `seed`: seeds Python, NumPy (if present) and torch when the policy is applied, here and in
      subprocesses that get a handle; None leaves them alone.
    - `num_threads`, `num_interop_threads`: torch's CPU threads; None leaves them alone. The order
      of some CPU sums depends on the number of threads.
    - `accept_earlier_import`: `torchdet.facade` accepts a torch that was imported before it, as
      long as CUDA is untouched. The runtime itself never minds.

    Values are checked and normalised on construction; a bad one raises `PolicyError`.

    >>> RuntimePolicy(device="cuda:1", precision=Precision.TF32).device
    'cuda:1'
    """

    device: str | int | DeviceLike = "auto"
    on_missing: OnMissing = OnMissing.REJECT
    require_cudnn: bool = True
    precision: Precision = Precision.IEEE
    thread_affinity: ThreadAffinity = ThreadAffinity.WORKER_SAFE
    determinism: Determinism = Determinism.STRICT
    fill_uninitialized_memory: bool = True
    seed: int | None = None
    num_threads: int | None = None
    num_interop_threads: int | None = None
    accept_earlier_import: bool = False

    def __post_init__(self) -> None:
        put = object.__setattr__  # the one way to normalise a field of a frozen value
        put(self, "device", str(_checked_device(self.device)))
        put(self, "on_missing", _choice("on_missing", OnMissing, self.on_missing))
        put(self, "precision", _choice("precision", Precision, self.precision))
        put(
            self,
            "thread_affinity",
            _choice("thread_affinity", ThreadAffinity, self.thread_affinity),
        )
        put(self, "determinism", _choice("determinism", Determinism, self.determinism))
        for name in ("require_cudnn", "fill_uninitialized_memory", "accept_earlier_import"):
            _require_bool(name, getattr(self, name))
        _require_int("seed", self.seed, _SEED_MIN, _SEED_MAX)
        _require_int("num_threads", self.num_threads, 1, 2**16)
        _require_int("num_interop_threads", self.num_interop_threads, 1, 2**16)

    @property
    def requested_device(self) -> DeviceRequest:
        """The device as data."""
        return parse_device(self.device)

    def as_dict(self) -> dict[str, str | int | bool | None]:
        """Return the policy as plain data, as `policy_from_mapping` reads it.

        >>> RuntimePolicy().as_dict()["on_missing"]
        'reject'
        """
        plain: dict[str, str | int | bool | None] = {}
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            plain[each.name] = value.value if isinstance(value, Enum) else value
        return plain


FIELD_NAMES: tuple[str, ...] = tuple(each.name for each in dataclasses.fields(RuntimePolicy))


def policy_from_mapping(values: Mapping[str, object]) -> RuntimePolicy:
    """Build a policy from plain data; missing keys take their defaults.

    Raises `PolicyError` for a key that no policy has or a value that its field cannot hold.

    >>> policy_from_mapping({"device": "cpu", "precision": "tf32"}).precision
    <Precision.TF32: 'tf32'>
    """
    unknown = sorted(set(values) - set(FIELD_NAMES))
    if unknown:
        raise PolicyError(
            f"a policy has no {', '.join(map(repr, unknown))}; it has {', '.join(FIELD_NAMES)}"
        )
    # __post_init__ checks every value, so the wider type is safe here.
    return RuntimePolicy(**dict(values))  # type: ignore[arg-type]  # checked in __post_init__


def _checked_device(device: DeviceSpec) -> DeviceRequest:
    if device is None:
        raise PolicyError("device: expected a device, got None; 'auto' is the preferred one")
    try:
        request = parse_device(device)
    except InvalidDeviceError as error:
        raise PolicyError(f"device: {error}") from None
    if isinstance(request, (ImplicitDevice, CpuOverride)):
        return parse_device("cpu")
    return request


def _choice(name: str, kind: type[_Choice], value: object) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(repr(member.value) for member in kind)
        raise PolicyError(f"{name}: expected one of {allowed}, got {value!r}") from None


def _require_bool(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise PolicyError(f"{name}: expected true or false, got {value!r}")


def _require_int(name: str, value: object, low: int, high: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise PolicyError(f"{name}: expected an integer, got {value!r}")
    if not low <= value <= high:
        raise PolicyError(f"{name}: expected {low} to {high}, got {value}")
