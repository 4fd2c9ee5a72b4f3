"""The settings as they were before the runtime wrote them, so that tests can have them back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from torchdet.runtime.access import CompilerConfig, Value, Variable
from torchdet.runtime.seeding import SEED_VARIABLE
from torchdet.runtime.settings import Setting, SettingStatus, read_setting, settings_for

if TYPE_CHECKING:
    from torchdet.runtime.policy import RuntimePolicy

_READABLE = (SettingStatus.HOLDS, SettingStatus.DIFFERS)
_SEED = Variable(SEED_VARIABLE)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The value of each setting that a policy writes, read before it was written."""

    values: tuple[tuple[Setting, Value], ...]
    seed: Value

    def restore(self, torch: ModuleType) -> tuple[str, ...]:
        """Write every value back; return the names of the settings that torch does not change.

        Torch takes some of them (the threads between operations) only once in a process.
        """
        for row, value in self.values:
            with contextlib.suppress(RuntimeError, ValueError, TypeError):
                row.access.write(torch, value)
        _SEED.write(torch, self.seed)
        return tuple(row.name for row, value in self.values if row.access.read(torch) != value)


def take_snapshot(torch: ModuleType, policy: RuntimePolicy) -> Snapshot:
    """Read every setting that the policy is going to write, except what torch refuses to read."""
    values: list[tuple[Setting, Value]] = []
    for row, wanted in settings_for(policy):
        if isinstance(row.access, CompilerConfig) and not row.access.is_imported:
            # Read here, it would keep its old default in all threads that start later.
            values.append((row, row.access.default))
            continue
        state = read_setting(torch, row, wanted)
        if state.status in _READABLE:
            values.append((row, state.actual))
    return Snapshot(tuple(values), _SEED.read(torch))
