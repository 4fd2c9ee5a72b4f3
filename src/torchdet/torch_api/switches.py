"""Torch's process-wide switches: what they do, which values are bad, and what is good.

The linter reads here which writes to report, the runtime what to set and in which order. Values,
scopes, orders and read-backs were measured on torch 2.13.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

SwitchValue = bool | int | str


class SwitchScope(Enum):
    """How far a switch reaches."""

    ENVIRONMENT = "environment"
    PROCESS = "process"
    THREAD = "thread"
    CONTEXT = "context"


class Governs(Enum):
    """What about a run a switch decides, which says who may wish it otherwise than good."""

    ALGORITHMS = "which algorithms run"
    DETERMINISTIC_MODE = "whether operations without a deterministic algorithm raise"
    FILL = "whether memory is filled that was not initialised"
    AUTOTUNING = "whether kernels are chosen by timing them"
    TF32 = "whether float32 is computed in TF32"
    PRECISION = "the precision of float32 at one node of the tree"
    MATMUL_PRECISION = "the precision of float32 in matrix products"
    HALF_REDUCTION = "the precision of sums of half-precision products"
    NUM_THREADS = "the number of threads in an operation"
    NUM_INTEROP_THREADS = "the number of operations side by side"


@dataclass(frozen=True, slots=True)
class Switch:
    """A process-wide switch of torch.

    ``name`` is the attribute's qualified name, or where there is none (``attribute`` false) that
    of the function or parameter which is its only way in. ``why`` says what its good value is good
    for. ``bad`` are the values that a rule reports, ``good`` is the value to write instead, and
    ``effect`` what a bad value does, to be read after "which". ``readers`` are functions that give
    the switch's value back, beside ``name`` itself. ``left_alone`` is the reason why the runtime
    does not set it.
    """

    name: str
    governs: Governs
    why: str
    good: SwitchValue | None = None
    bad: frozenset[SwitchValue] = frozenset()
    effect: str = ""
    readers: tuple[str, ...] = ()
    attribute: bool = True
    scope: SwitchScope = SwitchScope.PROCESS
    left_alone: str = ""

    @property
    def good_text(self) -> str:
        """The good value as source text."""
        return f'"{self.good}"' if isinstance(self.good, str) else repr(self.good)


CUDNN = "torch.backends.cudnn"
MKLDNN = "torch.backends.mkldnn"
MATMUL = "torch.backends.cuda.matmul"
COMPILER = "torch._inductor.config"
TUNABLE = "torch.cuda.tunable"
TUNABLE_SWITCH = f"{TUNABLE}.enable"
TUNABLE_TUNING = f"{TUNABLE}.tuning_enable"
BENCHMARK_LIMIT = f"{CUDNN}.benchmark_limit"
"""How many of its algorithms cuDNN times."""
DETERMINISTIC_MODE = "torch.use_deterministic_algorithms"
WARN_ONLY = f"{DETERMINISTIC_MODE}.warn_only"
DEBUG_MODE = "torch.set_deterministic_debug_mode"
MATMUL_PRECISION = "torch.set_float32_matmul_precision"
DETERMINISTIC_MODE_READERS = (
    "torch.are_deterministic_algorithms_enabled",
    "torch.is_deterministic_algorithms_warn_only_enabled",
    "torch.get_deterministic_debug_mode",
    "torch.is_deterministic",
)
"""Functions that tell whether deterministic mode is on."""
_MODE_WHY = "operations take their deterministic algorithm, or raise (warn) where there is none"
_WITH_MODE = f"it is set together with {DETERMINISTIC_MODE}"

DETERMINISM_SWITCHES = (
    Switch(
        DETERMINISTIC_MODE,
        Governs.DETERMINISTIC_MODE,
        _MODE_WHY,
        True,
        frozenset({False}),
        "lets operations take nondeterministic algorithms",
        DETERMINISTIC_MODE_READERS,
        attribute=False,
    ),
    Switch(
        WARN_ONLY,
        Governs.DETERMINISTIC_MODE,
        _MODE_WHY,
        False,
        frozenset({True}),
        "only warns where an operation has no deterministic algorithm",
        DETERMINISTIC_MODE_READERS,
        attribute=False,
        left_alone=_WITH_MODE,
    ),
    Switch(
        DEBUG_MODE,
        Governs.DETERMINISTIC_MODE,
        _MODE_WHY,
        "error",
        frozenset({"default", "warn", 0, 1}),
        "lets operations without a deterministic algorithm run",
        DETERMINISTIC_MODE_READERS,
        attribute=False,
        left_alone=_WITH_MODE,
    ),
    Switch(
        f"{COMPILER}.deterministic",
        Governs.ALGORITHMS,
        "the compiler picks kernels without timing them",
        True,
        frozenset({False}),
        "lets the compiler choose kernels by timing them",
        scope=SwitchScope.CONTEXT,
    ),
    Switch(
        "torch.utils.deterministic.fill_uninitialized_memory",
        Governs.FILL,
        "memory that is read before it is written holds the same bits each time",
        True,
        frozenset({False}),
        "leaves to chance what `torch.empty` and `resize_` return while deterministic algorithms "
        "are on",
    ),
    Switch(
        f"{CUDNN}.deterministic",
        Governs.ALGORITHMS,
        "cuDNN uses deterministic convolutions",
        True,
        frozenset({False}),
        "lets cuDNN take nondeterministic algorithms",
    ),
    Switch(
        f"{CUDNN}.benchmark",
        Governs.ALGORITHMS,
        "cuDNN picks algorithms by rule, not by a race that another run may decide otherwise",
        False,
        frozenset({True}),
        "lets cuDNN keep whichever algorithm was the fastest this time",
    ),
    Switch(
        f"{MKLDNN}.deterministic",
        Governs.ALGORITHMS,
        "oneDNN on XPU uses deterministic kernels",
        True,
        frozenset({False}),
        "lets oneDNN take nondeterministic kernels",
    ),
)
"""What decides whether two runs take the same kernels."""

_TIMED = "has the compiler choose kernels by timing them"
_UNTIMED = "the compiler chooses kernels by rule"
_OVERRULED = f"{COMPILER}.deterministic overrules it"

AUTOTUNING_SWITCHES = (
    *(
        Switch(
            f"{COMPILER}.{name}",
            Governs.AUTOTUNING,
            _UNTIMED,
            False,
            frozenset({True}),
            _TIMED,
            scope=SwitchScope.CONTEXT,
            left_alone=_OVERRULED,
        )
        for name in (
            *("benchmark_fusion", "coordinate_descent_tuning", "max_autotune"),
            *("max_autotune_gemm", "max_autotune_pointwise"),
        )
    ),
    Switch(
        f"{COMPILER}.triton.multi_kernel",
        Governs.AUTOTUNING,
        _UNTIMED,
        0,
        frozenset({1, 2, 3}),
        _TIMED,
        scope=SwitchScope.CONTEXT,
        left_alone=_OVERRULED,
    ),
    *(
        Switch(
            f"{TUNABLE}.{name}",
            Governs.AUTOTUNING,
            "matrix products take the kernels that the libraries choose",
            False,
            frozenset({True}),
            "chooses the kernels of matrix products by timing them",
            (f"{TUNABLE}.{reader}",),
            attribute=False,
            left_alone="it is off unless a program turns it on, and builds without CUDA lack it",
        )
        for name, reader in (("enable", "is_enabled"), ("tuning_enable", "tuning_is_enabled"))
    ),
)
"""What measures kernels in the running program and keeps the fastest."""

_TF32 = "in TF32 (10 mantissa bits instead of 23)"
_OLDER = "the older TF32 switch, which other code may read"

# The older switches come first: torch refuses to read them back where they are written last.
PRECISION_SWITCHES = (
    Switch(
        MATMUL_PRECISION,
        Governs.MATMUL_PRECISION,
        "float32 matrix products keep the policy's precision on every backend",
        "highest",
        frozenset({"high", "medium"}),
        "computes float32 matrix products with fewer mantissa bits",
        ("torch.get_float32_matmul_precision",),
        attribute=False,
    ),
    *(
        Switch(
            f"{owner}.allow_tf32",
            Governs.TF32,
            _OLDER,
            False,
            frozenset({True}),
            f"computes {what} {_TF32}",
            left_alone=left_alone,
        )
        for owner, what, left_alone in (
            (MATMUL, "float32 matrix products", ""),
            (CUDNN, "float32 convolutions and RNNs", ""),
            (MKLDNN, "float32 products on Intel GPUs", "builds without XPU do not keep it"),
        )
    ),
    *(
        Switch(
            f"{node}.fp32_precision",
            Governs.PRECISION,
            "a node of the precision tree (torch 2.9 and later)",
            "ieee",
            frozenset({"tf32", "bf16"}),
            "computes float32 operations with fewer mantissa bits",
        )
        for node in (
            *("torch.backends", CUDNN, MATMUL, f"{CUDNN}.conv", f"{CUDNN}.rnn"),
            *(MKLDNN, f"{MKLDNN}.matmul", f"{MKLDNN}.conv", f"{MKLDNN}.rnn"),
        )
    ),
    *(
        Switch(
            f"{MATMUL}.allow_{dtype}_reduced_precision_reduction",
            Governs.HALF_REDUCTION,
            "partial sums of half-precision products are kept in float32",
            False,
            frozenset({True}),
            f"adds up partial sums of {dtype} products in {dtype}",
        )
        for dtype in ("fp16", "bf16")
    ),
    Switch(
        "torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp",
        Governs.HALF_REDUCTION,
        "attention's math backend reduces in float32",
        False,
        frozenset({True}),
        "lets attention's math backend reduce in half precision",
        ("torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed",),
        attribute=False,
    ),
    Switch(
        f"{MATMUL}.allow_fp16_accumulation",
        Governs.ALGORITHMS,
        "half-precision products accumulate in float32",
        False,
        frozenset({True}),
        "accumulates fp16 products in fp16",
    ),
)
"""What decides how many bits of a float32 or half-precision operation count."""

THREAD_SWITCHES = (
    Switch(
        "torch.set_num_threads",
        Governs.NUM_THREADS,
        "the order of some CPU sums depends on the number of threads",
        readers=("torch.get_num_threads",),
        attribute=False,
        scope=SwitchScope.THREAD,
    ),
    Switch(
        "torch.set_num_interop_threads",
        Governs.NUM_INTEROP_THREADS,
        "parallel TorchScript branches; torch accepts it once",
        readers=("torch.get_num_interop_threads",),
        attribute=False,
    ),
)
"""What decides into how many parts work is split; no value is bad by itself."""

SWITCHES = (*DETERMINISM_SWITCHES, *AUTOTUNING_SWITCHES, *PRECISION_SWITCHES, *THREAD_SWITCHES)
"""All of them, in the order in which they can be written one after the other."""
