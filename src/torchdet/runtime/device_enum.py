"""The device types as an enum, for code that wants types instead of strings."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from torchdet.runtime.errors import InvalidDeviceError

if TYPE_CHECKING:
    import torch

    from torchdet.runtime.devices import DeviceLike


class Device(Enum):
    """The device types that torchdet places work on, as a typed alternative to strings.

    `Device.cuda.to_torch()` is `torch.device("cuda:0")`; the CPU has no index.
    """

    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"
    xpu = "xpu"

    def to_torch(self, index: int = 0) -> torch.device:
        """Return the `torch.device` of this type; `index` is ignored for the CPU.

        Raises `InvalidDeviceError` for a negative index, or one above 0 on MPS, which has one
        device.
        """
        import torch  # only a caller that wants a torch object needs torch

        if index < 0 or (self is Device.mps and index > 0):
            raise InvalidDeviceError(f"{self.value} has no device of index {index}")
        return torch.device("cpu") if self is Device.cpu else torch.device(self.value, index)

    @classmethod
    def from_torch(cls, device: DeviceLike) -> Device:
        """Return the member for a `torch.device`.

        Raises `InvalidDeviceError` for types without a member, such as `meta`.
        """
        try:
            return cls(device.type)
        except ValueError:
            names = ", ".join(member.value for member in cls)
            raise InvalidDeviceError(
                f"device type {device.type!r} has no member in Device; it knows {names}"
            ) from None
