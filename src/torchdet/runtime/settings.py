"""How each switch of torch is written and read, and what the policy wants of it.

The switches themselves, in the order that works, are those of `torchdet.torch_api`; variables come
first, before torch uses them. `apply` walks the table from top to bottom and writes, then reads
every row back; `audit` and `torchdet doctor` only read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import ModuleType

from torchdet.runtime.access import (
    Access,
    Attribute,
    Calls,
    CompilerConfig,
    DeterministicMode,
    Value,
    Variable,
)
from torchdet.runtime.policy import RuntimePolicy
from torchdet.runtime.policy_choices import Precision
from torchdet.torch_api.environment_variables import VARIABLES, KnownVariable
from torchdet.torch_api.switches import (
    COMPILER,
    DETERMINISTIC_MODE,
    SWITCHES,
    Governs,
    Switch,
    SwitchScope,
)


class SettingStatus(Enum):
    """What a read-back found."""

    HOLDS = "holds"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    NOT_IN_THIS_TORCH = "not-in-this-torch"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: `name` is how Python code spells it, `wanted` what a policy asks for.

    `accepts` are values that do as well as the wanted one; `wanted` returns None where the policy
    leaves the setting alone.
    """

    name: str
    scope: SwitchScope
    access: Access
    wanted: Callable[[RuntimePolicy], Value]
    why: str
    accepts: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingState:
    """What one read-back found."""

    name: str
    scope: SwitchScope
    wanted: Value
    actual: Value
    status: SettingStatus
    why: str


_MATMUL_PRECISIONS = {Precision.IEEE: "highest", Precision.TF32: "high"}

# What a policy says of each kind of switch; of the others it wants the good value.
_BY_POLICY: Mapping[Governs, Callable[[RuntimePolicy], Value]] = {
    Governs.DETERMINISTIC_MODE: lambda policy: policy.determinism.value,
    Governs.FILL: lambda policy: policy.fill_uninitialized_memory,
    Governs.TF32: lambda policy: policy.precision is Precision.TF32,
    Governs.PRECISION: lambda policy: policy.precision.value,
    Governs.MATMUL_PRECISION: lambda policy: _MATMUL_PRECISIONS[policy.precision],
    Governs.HALF_REDUCTION: lambda policy: False if policy.precision is Precision.IEEE else None,
    Governs.NUM_THREADS: lambda policy: policy.num_threads,
    Governs.NUM_INTEROP_THREADS: lambda policy: policy.num_interop_threads,
}


def _always(value: Value) -> Callable[[RuntimePolicy], Value]:
    return lambda _policy: value


def _variable(variable: KnownVariable) -> Setting:
    wanted, *accepted = variable.good
    return Setting(
        f"os.environ[{variable.name!r}]",
        SwitchScope.ENVIRONMENT,
        Variable(variable.name, keeps_existing=bool(accepted)),
        _always(wanted),
        variable.why,
        tuple(accepted),
    )


def _switch(switch: Switch) -> Setting:
    wanted = _BY_POLICY.get(switch.governs, _always(switch.good))
    return Setting(switch.name, switch.scope, _access(switch), wanted, switch.why)


def _access(switch: Switch) -> Access:
    if switch.name == DETERMINISTIC_MODE:
        return DeterministicMode()
    if switch.scope is SwitchScope.CONTEXT:
        return CompilerConfig(switch.name.removeprefix(f"{COMPILER}."))
    path = switch.name.removeprefix("torch.")
    if switch.attribute:
        return Attribute(path)
    return Calls(switch.readers[0].removeprefix("torch."), path)


SETTINGS: tuple[Setting, ...] = (
    *(_variable(each) for each in VARIABLES if each.good),
    *(_switch(each) for each in SWITCHES if not each.left_alone),
)


def settings_for(policy: RuntimePolicy) -> tuple[tuple[Setting, Value], ...]:
    """Return the rows that a policy decides, each with the wanted value, in the order to write."""
    rows = ((row, row.wanted(policy)) for row in SETTINGS)
    return tuple((row, value) for row, value in rows if value is not None)


def read_setting(torch: ModuleType, row: Setting, wanted: Value) -> SettingState:
    """Read one setting and compare it; a read that torch refuses is a state, not an exception."""

    def state(actual: Value, status: SettingStatus) -> SettingState:
        return SettingState(row.name, row.scope, wanted, actual, status, row.why)

    try:
        if not row.access.exists(torch):
            return state(None, SettingStatus.NOT_IN_THIS_TORCH)
        actual = row.access.read(torch)
    except RuntimeError as error:  # torch refuses to read a mix of its two TF32 interfaces
        return state(f"{type(error).__name__}: {error}", SettingStatus.UNREADABLE)
    if actual == wanted or actual in row.accepts:
        return state(actual, SettingStatus.HOLDS)
    return state(actual, SettingStatus.DIFFERS)


def read_settings(torch: ModuleType, policy: RuntimePolicy) -> tuple[SettingState, ...]:
    """Read every setting that the policy decides."""
    return tuple(read_setting(torch, row, wanted) for row, wanted in settings_for(policy))
