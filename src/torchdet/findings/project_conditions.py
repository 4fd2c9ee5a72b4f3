"""What a change in one file demands of the project's other files; the plan decides.

A closed set of frozen values: they travel between processes, and ``plan`` evaluates them over the
surveys of all files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class NotReadElsewhere:
    """No other file reads the name ``name`` of the module ``module``.

    A setting such as ``DEVICE = "cuda"`` can become a ``torch.device`` only where nobody compares
    it with a string.
    """

    module: str
    name: str

    @property
    def reason(self) -> str:
        """Why a change is refused where this does not hold."""
        return f"another module reads `{self.name}` of `{self.module}` and may want it as it is"

    @property
    def advice(self) -> str:
        """What a person should do then."""
        return f"change `{self.name}` together with its readers"


@dataclass(frozen=True, slots=True)
class NoDeviceChosen:
    """No file chooses the current device by hand, other than by the local rank.

    After ``torch.cuda.set_device(gpu)``, ``.cuda()`` means that device; the handle's is the one
    of the local rank, or the first.
    """

    @property
    def reason(self) -> str:
        """Why a change is refused where this does not hold."""
        return "another file chooses the current device, which need not be the handle's"

    @property
    def advice(self) -> str:
        """What a person should do then."""
        return (
            "let the launcher's local rank choose the device and remove the call, or write "
            "`rt.device.type`, which means the current device"
        )


@dataclass(frozen=True, slots=True)
class NoOwnMethod:
    """No class of the project defines a method ``name`` of its own.

    ``.cuda()`` may then be that method, and ``.to(...)`` does something else.
    """

    name: str

    @property
    def reason(self) -> str:
        """Why a change is refused where this does not hold."""
        return f"a class of the project has a method `{self.name}` of its own, which may be meant"

    @property
    def advice(self) -> str:
        """What a person should do then."""
        return f"give that class a method `to(device)` and call it instead of `{self.name}`"


@dataclass(frozen=True, slots=True)
class NotCompiled:
    """No file that can get at `package` hands modules to TorchScript or fx.

    Neither can read a handle in `forward`. A file gets at the modules of a package by being one of
    them or by importing it.
    """

    package: str

    @property
    def reason(self) -> str:
        """Why a change is refused where this does not hold."""
        return (
            f"a file that has the modules of `{self.package}` compiles some with TorchScript or "
            "traces them with fx"
        )

    @property
    def advice(self) -> str:
        """What a person should do then."""
        return "take the device from a tensor in `forward`, such as `x.device`"


@dataclass(frozen=True, slots=True)
class NoContraryWrite:
    """No write of another value than ``good`` to the switch ``switch`` stays in the project.

    Code that turns a switch off for a while needs the write that turns it on again.
    """

    switch: str
    good: bool | int | str | None

    @property
    def reason(self) -> str:
        """Why a change is refused where this does not hold."""
        return f"another write to `{self.switch}` stays, which may rely on this one"

    @property
    def advice(self) -> str:
        """What a person should do then."""
        return (
            "ask for the value in the runtime's policy, and take out all writes of the switch "
            "together"
        )


Condition: TypeAlias = (
    NotReadElsewhere | NoDeviceChosen | NoOwnMethod | NotCompiled | NoContraryWrite
)
