"""Torch's switches as data: which values are bad, what they do, and every way to write them."""

from __future__ import annotations

from dataclasses import dataclass

SwitchValue = bool | int | str


@dataclass(frozen=True, slots=True)
class Switch:
    """A process-wide switch of torch.

    ``name`` is the attribute's qualified name, or where there is none (``attribute`` false) that
    of the function or parameter which is its only way in. ``bad`` are the values that a rule
    reports, ``good`` is the source text to write instead, ``effect`` what a bad value does, to be
    read after "which". ``readers`` are further names that give the switch's value back, beside
    ``name`` itself.
    """

    name: str
    bad: frozenset[SwitchValue]
    good: str
    effect: str
    readers: tuple[str, ...] = ()
    attribute: bool = True


@dataclass(frozen=True, slots=True)
class SwitchParameter:
    """A parameter of a function that writes ``flag``; ``implied`` is what it writes if omitted.

    A ``position`` of None means that it can only be given by keyword.
    """

    flag: str
    keyword: str
    position: int | None
    implied: SwitchValue | None = None


@dataclass(frozen=True, slots=True)
class Setter:
    """A function that writes flags; a ``scoped`` one puts the old values back when its block ends.

    ``switch`` is the parameter that must be true for implied values to matter.
    """

    name: str
    parameters: tuple[SwitchParameter, ...]
    scoped: bool = False
    switch: SwitchParameter | None = None


_CUDNN = "torch.backends.cudnn"
_MKLDNN = "torch.backends.mkldnn"
_MATMUL = "torch.backends.cuda.matmul"
_FILL = "torch.utils.deterministic.fill_uninitialized_memory"
_COMPILER = "torch._inductor.config"
_SWITCH = "torch.use_deterministic_algorithms"
_WARN_ONLY = f"{_SWITCH}.warn_only"
_DEBUG_MODE = "torch.set_deterministic_debug_mode"
_MATMUL_PRECISION = "torch.set_float32_matmul_precision"
_MODE_READERS = (
    "torch.are_deterministic_algorithms_enabled",
    "torch.is_deterministic_algorithms_warn_only_enabled",
    "torch.get_deterministic_debug_mode",
    "torch.is_deterministic",
)

DETERMINISM_SWITCHES = (
    Switch(
        f"{_CUDNN}.benchmark",
        frozenset({True}),
        "False",
        "lets cuDNN keep whichever algorithm was the fastest this time",
    ),
    Switch(
        f"{_CUDNN}.deterministic",
        frozenset({False}),
        "True",
        "lets cuDNN take nondeterministic algorithms",
    ),
    Switch(
        f"{_MKLDNN}.deterministic",
        frozenset({False}),
        "True",
        "lets oneDNN take nondeterministic kernels",
    ),
    Switch(
        _FILL,
        frozenset({False}),
        "True",
        "leaves to chance what `torch.empty` and `resize_` return while deterministic algorithms "
        "are on",
    ),
    Switch(
        f"{_COMPILER}.deterministic",
        frozenset({False}),
        "True",
        "lets the compiler choose kernels by timing them",
    ),
    Switch(
        _SWITCH,
        frozenset({False}),
        "True",
        "lets operations take nondeterministic algorithms",
        _MODE_READERS,
        attribute=False,
    ),
    Switch(
        _WARN_ONLY,
        frozenset({True}),
        "False",
        "only warns where an operation has no deterministic algorithm",
        _MODE_READERS,
        attribute=False,
    ),
    Switch(
        _DEBUG_MODE,
        frozenset({"default", "warn", 0, 1}),
        '"error"',
        "lets operations without a deterministic algorithm run",
        _MODE_READERS,
        attribute=False,
    ),
)
"""What decides whether two runs take the same kernels (read and measured on torch 2.13)."""

_TIMED = "has the compiler choose kernels by timing them"
_TUNABLE = "torch.cuda.tunable"

AUTOTUNING_SWITCHES = (
    *(
        Switch(f"{_COMPILER}.{name}", frozenset({True}), "False", _TIMED)
        for name in (
            *("benchmark_fusion", "coordinate_descent_tuning", "max_autotune"),
            *("max_autotune_gemm", "max_autotune_pointwise"),
        )
    ),
    Switch(f"{_COMPILER}.triton.multi_kernel", frozenset({1, 2, 3}), "0", _TIMED),
    *(
        Switch(
            f"{_TUNABLE}.{name}",
            frozenset({True}),
            "False",
            "chooses the kernels of matrix products by timing them",
            (f"{_TUNABLE}.{reader}",),
            attribute=False,
        )
        for name, reader in (("enable", "is_enabled"), ("tuning_enable", "tuning_is_enabled"))
    ),
)
"""What measures kernels in the running program and keeps the fastest (read in torch 2.13)."""

_PRECISION_NODES = (
    "torch.backends",
    _MATMUL,
    _CUDNN,
    f"{_CUDNN}.conv",
    f"{_CUDNN}.rnn",
    _MKLDNN,
    f"{_MKLDNN}.matmul",
    f"{_MKLDNN}.conv",
    f"{_MKLDNN}.rnn",
)
_TF32 = "in TF32 (10 mantissa bits instead of 23)"

PRECISION_SWITCHES = (
    Switch(
        f"{_MATMUL}.allow_tf32",
        frozenset({True}),
        "False",
        f"computes float32 matrix products {_TF32}",
    ),
    Switch(
        f"{_CUDNN}.allow_tf32",
        frozenset({True}),
        "False",
        f"computes float32 convolutions and RNNs {_TF32}",
    ),
    Switch(
        f"{_MKLDNN}.allow_tf32",
        frozenset({True}),
        "False",
        f"computes float32 products on Intel GPUs {_TF32}",
    ),
    *(
        Switch(
            f"{node}.fp32_precision",
            frozenset({"tf32", "bf16"}),
            '"ieee"',
            "computes float32 operations with fewer mantissa bits",
        )
        for node in _PRECISION_NODES
    ),
    *(
        Switch(
            f"{_MATMUL}.allow_{dtype}_reduced_precision_reduction",
            frozenset({True}),
            "False",
            f"adds up partial sums of {dtype} products in {dtype}",
        )
        for dtype in ("fp16", "bf16")
    ),
    Switch(
        f"{_MATMUL}.allow_fp16_accumulation",
        frozenset({True}),
        "False",
        "accumulates fp16 products in fp16",
    ),
    Switch(
        "torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp",
        frozenset({True}),
        "False",
        "lets attention's math backend reduce in half precision",
        ("torch.backends.cuda.fp16_bf16_reduction_math_sdp_allowed",),
        attribute=False,
    ),
    Switch(
        _MATMUL_PRECISION,
        frozenset({"high", "medium"}),
        '"highest"',
        "computes float32 matrix products with fewer mantissa bits",
        ("torch.get_float32_matmul_precision",),
        attribute=False,
    ),
)
"""What decides how many bits of a float32 or half-precision operation count (torch 2.13)."""


def _cudnn_parameters(prefix: str, *, implied: bool) -> tuple[SwitchParameter, ...]:
    return (
        SwitchParameter(f"{_CUDNN}.benchmark", f"{prefix}benchmark", 1),
        SwitchParameter(
            f"{_CUDNN}.deterministic", f"{prefix}deterministic", 3, False if implied else None
        ),
        SwitchParameter(
            f"{_CUDNN}.allow_tf32", f"{prefix}allow_tf32", 4, True if implied else None
        ),
        SwitchParameter(f"{_CUDNN}.fp32_precision", f"{prefix}fp32_precision", 5),
    )


def _mkldnn_parameters(prefix: str, *, implied: bool) -> tuple[SwitchParameter, ...]:
    return (
        SwitchParameter(
            f"{_MKLDNN}.deterministic", f"{prefix}deterministic", 1, False if implied else None
        ),
        SwitchParameter(
            f"{_MKLDNN}.allow_tf32", f"{prefix}allow_tf32", 2, True if implied else None
        ),
        SwitchParameter(f"{_MKLDNN}.fp32_precision", f"{prefix}fp32_precision", 3),
    )


def _first(flag: str, keyword: str) -> tuple[SwitchParameter, ...]:
    return (SwitchParameter(flag, keyword, 0),)


_ENABLED = SwitchParameter("", "enabled", 0)

SETTERS = (
    Setter(
        _SWITCH,
        (*_first(_SWITCH, "mode"), SwitchParameter(_WARN_ONLY, "warn_only", None)),
    ),
    Setter("torch.set_deterministic", _first(_SWITCH, "d")),
    Setter(_DEBUG_MODE, _first(_DEBUG_MODE, "debug_mode")),
    Setter(_MATMUL_PRECISION, _first(_MATMUL_PRECISION, "precision")),
    Setter(
        "torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp",
        _first("torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp", "enabled"),
    ),
    Setter(f"{_CUDNN}.flags", _cudnn_parameters("", implied=True), True, _ENABLED),
    Setter(f"{_CUDNN}.set_flags", _cudnn_parameters("_", implied=False)),
    Setter(f"{_MKLDNN}.flags", _mkldnn_parameters("", implied=True), True, _ENABLED),
    Setter(f"{_MKLDNN}.set_flags", _mkldnn_parameters("_", implied=False)),
    Setter("torch.backends.flags", _first("torch.backends.fp32_precision", "fp32_precision"), True),
    Setter("torch.backends.set_flags", _first("torch.backends.fp32_precision", "_fp32_precision")),
    Setter(
        f"{_COMPILER}.patch",
        (
            SwitchParameter(f"{_COMPILER}.deterministic", "deterministic", None),
            *(
                SwitchParameter(flag.name, flag.name.removeprefix(f"{_COMPILER}."), None)
                for flag in AUTOTUNING_SWITCHES
                if flag.attribute and not flag.name.endswith("multi_kernel")
            ),
        ),
        True,
    ),
    *(
        Setter(f"{_TUNABLE}.{name}", (SwitchParameter(f"{_TUNABLE}.{name}", "val", 0, True),))
        for name in ("enable", "tuning_enable")
    ),
)
"""The functions and context managers that write those flags."""
