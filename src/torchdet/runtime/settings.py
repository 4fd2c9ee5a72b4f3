"""The one place that knows each setting: how it is written and read, and what the policy wants.

`apply` walks the table from top to bottom and writes, then reads every row back; `audit` and
`torchdet doctor` only read. The order of the rows is the order that works: variables before torch
uses them, the determinism switch first, and the older TF32 switches before the newer precision
settings, because the other way round torch refuses to read the older ones back. Scopes, orders and
read-backs were measured on torch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from torchdet.runtime.decide import CUBLAS_VARIABLE, DEFAULT_CUBLAS_WORKSPACE
from torchdet.runtime.policy import RuntimePolicy
from torchdet.runtime.policy_choices import Precision


class Scope(Enum):
    """How far a setting reaches."""

    ENVIRONMENT = "environment"
    PROCESS = "process"
    THREAD = "thread"
    CONTEXT = "context"


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
    scope: Scope
    access: Access
    wanted: Callable[[RuntimePolicy], Value]
    why: str
    accepts: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingState:
    """What one read-back found."""

    name: str
    scope: Scope
    wanted: Value
    actual: Value
    status: SettingStatus
    why: str


def _always(value: Value) -> Callable[[RuntimePolicy], Value]:
    return lambda _policy: value


def _precision(policy: RuntimePolicy) -> Value:
    return policy.precision.value


def _allows_tf32(policy: RuntimePolicy) -> Value:
    return policy.precision is Precision.TF32


def _matmul_precision(policy: RuntimePolicy) -> Value:
    return "high" if policy.precision is Precision.TF32 else "highest"


def _attribute(path: str, wanted: Callable[[RuntimePolicy], Value], why: str) -> Setting:
    return Setting(f"torch.{path}", Scope.PROCESS, Attribute(path), wanted, why)


def _variables() -> Iterator[Setting]:
    yield Setting(
        f"os.environ[{CUBLAS_VARIABLE!r}]",
        Scope.ENVIRONMENT,
        Variable(CUBLAS_VARIABLE, keeps_existing=True),
        _always(DEFAULT_CUBLAS_WORKSPACE),
        "cuBLAS is deterministic only with a fixed workspace; it reads this once",
        accepts=(":4096:8",),
    )
    yield Setting(
        "os.environ['TORCHINDUCTOR_DETERMINISTIC']",
        Scope.ENVIRONMENT,
        Variable("TORCHINDUCTOR_DETERMINISTIC"),
        _always("1"),
        "makes the compiler's switch the default of every thread and child process",
    )


def _switches() -> Iterator[Setting]:
    yield Setting(
        "torch.use_deterministic_algorithms",
        Scope.PROCESS,
        DeterministicMode(),
        lambda policy: policy.determinism.value,
        "operations take their deterministic algorithm, or raise (warn) where there is none",
    )
    yield Setting(
        "torch._inductor.config.deterministic",
        Scope.CONTEXT,
        CompilerConfig("deterministic"),
        _always(True),
        "the compiler picks kernels without timing them",
    )
    yield _attribute(
        "utils.deterministic.fill_uninitialized_memory",
        lambda policy: policy.fill_uninitialized_memory,
        "memory that is read before it is written holds the same bits each time",
    )
    yield _attribute(
        "backends.cudnn.deterministic", _always(True), "cuDNN uses deterministic convolutions"
    )
    yield _attribute(
        "backends.cudnn.benchmark",
        _always(False),
        "cuDNN picks algorithms by rule, not by a race that another run may decide otherwise",
    )
    yield _attribute(
        "backends.mkldnn.deterministic", _always(True), "oneDNN on XPU uses deterministic kernels"
    )


def _older_precision() -> Iterator[Setting]:
    yield Setting(
        "torch.set_float32_matmul_precision",
        Scope.PROCESS,
        Calls("get_float32_matmul_precision", "set_float32_matmul_precision"),
        _matmul_precision,
        "float32 matrix products keep the policy's precision on every backend",
    )
    for path in ("backends.cuda.matmul.allow_tf32", "backends.cudnn.allow_tf32"):
        yield _attribute(path, _allows_tf32, "the older TF32 switch, which other code may read")


_PRECISION_NODES = (
    "backends.fp32_precision",
    "backends.cudnn.fp32_precision",
    "backends.cuda.matmul.fp32_precision",
    "backends.cudnn.conv.fp32_precision",
    "backends.cudnn.rnn.fp32_precision",
    "backends.mkldnn.matmul.fp32_precision",
    "backends.mkldnn.conv.fp32_precision",
    "backends.mkldnn.rnn.fp32_precision",
)


def _newer_precision() -> Iterator[Setting]:
    for path in _PRECISION_NODES:
        yield _attribute(path, _precision, "a node of the precision tree (torch 2.9 and later)")


def _half_precision() -> Iterator[Setting]:
    for dtype in ("fp16", "bf16"):
        yield _attribute(
            f"backends.cuda.matmul.allow_{dtype}_reduced_precision_reduction",
            lambda policy: False if policy.precision is Precision.IEEE else None,
            "partial sums of half-precision products are kept in float32",
        )
    yield _attribute(
        "backends.cuda.matmul.allow_fp16_accumulation",
        _always(False),
        "half-precision products accumulate in float32",
    )


def _threads() -> Iterator[Setting]:
    yield Setting(
        "torch.set_num_threads",
        Scope.THREAD,
        Calls("get_num_threads", "set_num_threads"),
        lambda policy: policy.num_threads,
        "the order of some CPU sums depends on the number of threads",
    )
    yield Setting(
        "torch.set_num_interop_threads",
        Scope.PROCESS,
        Calls("get_num_interop_threads", "set_num_interop_threads"),
        lambda policy: policy.num_interop_threads,
        "parallel TorchScript branches; torch accepts it once",
    )


SETTINGS: tuple[Setting, ...] = (
    *_variables(),
    *_switches(),
    *_older_precision(),
    *_newer_precision(),
    *_half_precision(),
    *_threads(),
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
