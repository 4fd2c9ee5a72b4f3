"""What every part of the handle stands on: torch, the decision, and the devices that it means."""

from __future__ import annotations

import difflib
import importlib
import logging
from typing import TYPE_CHECKING

from torchdet.runtime.devices import (
    ACCELERATOR_TYPES,
    AutoDevice,
    ConcreteDevice,
    ImplicitDevice,
    Missing,
    parse_device,
    resolve_device,
)
from torchdet.runtime.errors import DeviceMissingError, InvalidDeviceError
from torchdet.runtime.events import EventKind, RuntimeEvent, emit

if TYPE_CHECKING:
    from types import ModuleType

    from torch import device as torch_device

    from torchdet.runtime.decision import Ready
    from torchdet.runtime.devices import DeviceSpec
    from torchdet.runtime.policy import RuntimePolicy


class HandleCore:
    """Torch, the decision and the device; immutable."""

    __slots__ = ("__weakref__", "_device", "_logged_substitutions", "_runtime", "_torch")

    _torch: ModuleType
    _device: torch_device
    _runtime: Ready
    _logged_substitutions: set[str]

    def __init__(self, torch: ModuleType, runtime: Ready) -> None:
        put = object.__setattr__
        put(self, "_torch", torch)
        put(self, "_device", _to_torch(torch, runtime.device))
        put(self, "_runtime", runtime)
        put(self, "_logged_substitutions", set())

    @property
    def torch(self) -> ModuleType:
        """The torch module itself."""
        return self._torch

    @property
    def device(self) -> torch_device:
        """The device that the policy means."""
        return self._device

    @property
    def runtime(self) -> Ready:
        """The decision, with the facts that it was made from."""
        return self._runtime

    @property
    def policy(self) -> RuntimePolicy:
        """The policy that holds."""
        return self.runtime.policy

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"the handle is immutable; {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"the handle is immutable; {name!r} cannot be deleted")

    def __repr__(self) -> str:
        return f"<TorchHandle torch {self.torch.__version__} on {self.device}>"

    def module(self, name: str) -> ModuleType:
        """Import a module of torch by its full name.

        For those that `import torch` does not load, such as `torch.utils.tensorboard`. Raises
        `ValueError` for a name outside torch.
        """
        if name != "torch" and not name.startswith("torch."):
            raise ValueError(f"{name!r} is no module of torch; import it as usual")
        return importlib.import_module(name)

    def device_for(self, spec: DeviceSpec = None) -> torch_device:
        """Return the device for a specification, by the policy's table.

        None and `"auto"` are the handle's own device, and so is its type without an index; of
        another type that is the first device. A missing accelerator raises `DeviceMissingError`
        under `reject`, and is replaced under `redirect` and `cpu`, which is logged. Raises
        `InvalidDeviceError` for what is no device.

        >>> rt = get_torch_handle()
        >>> rt.device_for("cpu")
        device(type='cpu')
        """
        request = parse_device(spec)
        if isinstance(request, (AutoDevice, ImplicitDevice)):
            return self.device
        placed = resolve_device(request, self.runtime.machine, self.policy.on_missing)
        if isinstance(placed, Missing):
            there = f"only {placed.count} of them" if placed.count else "none of its kind"
            raise DeviceMissingError(
                f"{str(request)!r} was asked for and there is {there} here; ask for 'auto', or set "
                "the policy's on-missing to redirect or cpu"
            )
        if placed.substituted:
            self._log_substitution(str(request), placed.device)
        return _to_torch(self.torch, placed.device)

    def _log_substitution(self, requested: str, given: ConcreteDevice) -> None:
        level = logging.DEBUG if requested in self._logged_substitutions else logging.WARNING
        self._logged_substitutions.add(requested)
        details = {"requested": requested, "given": str(given)}
        message = f"{requested} is not there; {given} is used in its place"
        emit(RuntimeEvent(EventKind.SUBSTITUTED, message, details), level)


def _to_torch(torch: ModuleType, device: ConcreteDevice) -> torch_device:
    try:
        made: torch_device = torch.device(str(device))
    except RuntimeError:
        close = difflib.get_close_matches(device.type, ("auto", "cpu", *ACCELERATOR_TYPES), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "expected a type such as 'cpu' or 'cuda'"
        raise InvalidDeviceError(f"torch knows no device {str(device)!r}; {hint}") from None
    return made
