"""The ways to reach a setting: an attribute, a pair of calls, a variable, the compiler's switch."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from torchdet.runtime.policy_choices import Determinism

Value = bool | int | str | None

_MODE_OFF = "off"
_COMPILER_CONFIG = "torch._inductor.config"


class Access(Protocol):
    """A way to one setting."""

    def exists(self, torch: ModuleType, /) -> bool: ...

    def read(self, torch: ModuleType, /) -> Value: ...

    def write(self, torch: ModuleType, value: Value, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute below torch, such as `backends.cudnn.benchmark`."""

    path: str

    def exists(self, torch: ModuleType) -> bool:
        return _reachable(torch, self.path)

    def read(self, torch: ModuleType) -> Value:
        value: Value = _follow(torch, self.path)
        return value

    def write(self, torch: ModuleType, value: Value) -> None:
        owner, _, name = self.path.rpartition(".")
        setattr(_follow(torch, owner), name, value)


@dataclass(frozen=True, slots=True)
class Calls:
    """A pair of functions below torch, one that reads and one that writes."""

    getter: str
    setter: str

    def exists(self, torch: ModuleType) -> bool:
        return _reachable(torch, self.getter) and _reachable(torch, self.setter)

    def read(self, torch: ModuleType) -> Value:
        value: Value = _follow(torch, self.getter)()
        return value

    def write(self, torch: ModuleType, value: Value) -> None:
        _follow(torch, self.setter)(value)


@dataclass(frozen=True, slots=True)
class DeterministicMode:
    """The determinism switch and its warn-only half, which belong together.

    Writing through `use_deterministic_algorithms` also turns the compiler's own switch on, which
    `set_deterministic_debug_mode` does not.
    """

    def exists(self, _torch: ModuleType) -> bool:
        return True

    def read(self, torch: ModuleType) -> Value:
        if not torch.are_deterministic_algorithms_enabled():
            return _MODE_OFF
        if torch.is_deterministic_algorithms_warn_only_enabled():
            return Determinism.WARN_ONLY.value
        return Determinism.STRICT.value

    def write(self, torch: ModuleType, value: Value) -> None:
        torch.use_deterministic_algorithms(
            value != _MODE_OFF, warn_only=value == Determinism.WARN_ONLY.value
        )


@dataclass(frozen=True, slots=True)
class CompilerConfig:
    """A switch of the compiler's configuration, which is imported when torch first needs it."""

    name: str

    @property
    def is_imported(self) -> bool:
        """Tell whether the configuration has been imported, which settles its defaults."""
        return _COMPILER_CONFIG in sys.modules

    @property
    def default(self) -> bool:
        """What the switch will be where nobody sets it; its variable is named after it."""
        return os.environ.get(f"TORCHINDUCTOR_{self.name.upper()}") == "1"

    def exists(self, _torch: ModuleType) -> bool:
        return hasattr(_compiler_config(), self.name)

    def read(self, _torch: ModuleType) -> Value:
        value: Value = getattr(_compiler_config(), self.name)
        return value

    def write(self, _torch: ModuleType, value: Value) -> None:
        setattr(_compiler_config(), self.name, value)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `keeps_existing` leaves a value that is already there.

    Writing None removes it.
    """

    name: str
    keeps_existing: bool = False

    def exists(self, _torch: ModuleType) -> bool:
        return True

    def read(self, _torch: ModuleType) -> Value:
        return os.environ.get(self.name)

    def write(self, _torch: ModuleType, value: Value) -> None:
        if value is None:
            os.environ.pop(self.name, None)
        elif not (self.keeps_existing and self.name in os.environ):
            os.environ[self.name] = str(value)


def _follow(torch: ModuleType, path: str) -> Any:
    value: Any = torch
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _reachable(torch: ModuleType, path: str) -> bool:
    """Tell whether the path exists; the last step is only read where reading it cannot fail."""
    owner, _, name = path.rpartition(".")
    try:
        holder = _follow(torch, owner) if owner else torch
        getattr(holder, name)
    except AttributeError:
        return False
    except RuntimeError:  # it is there, and torch refuses to read it now
        return True
    return True


def _compiler_config() -> ModuleType:
    return importlib.import_module(_COMPILER_CONFIG)
