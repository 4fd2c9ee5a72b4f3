"""The functions and context managers of torch that write its switches."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.torch_api.switches import (
    AUTOTUNING_SWITCHES,
    COMPILER,
    CUDNN,
    DEBUG_MODE,
    DETERMINISTIC_MODE,
    MATMUL_PRECISION,
    MKLDNN,
    TUNABLE,
    WARN_ONLY,
    SwitchValue,
)


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

    ``switch`` is the parameter that must be true for implied values to matter. One that
    ``does_more`` is called for something else, and writes flags on the way.
    """

    name: str
    parameters: tuple[SwitchParameter, ...]
    scoped: bool = False
    switch: SwitchParameter | None = None
    does_more: bool = False


def _cudnn_parameters(prefix: str, *, implied: bool) -> tuple[SwitchParameter, ...]:
    return (
        SwitchParameter(f"{CUDNN}.benchmark", f"{prefix}benchmark", 1),
        SwitchParameter(
            f"{CUDNN}.deterministic", f"{prefix}deterministic", 3, False if implied else None
        ),
        SwitchParameter(f"{CUDNN}.allow_tf32", f"{prefix}allow_tf32", 4, True if implied else None),
        SwitchParameter(f"{CUDNN}.fp32_precision", f"{prefix}fp32_precision", 5),
    )


def _mkldnn_parameters(prefix: str, *, implied: bool) -> tuple[SwitchParameter, ...]:
    return (
        SwitchParameter(
            f"{MKLDNN}.deterministic", f"{prefix}deterministic", 1, False if implied else None
        ),
        SwitchParameter(
            f"{MKLDNN}.allow_tf32", f"{prefix}allow_tf32", 2, True if implied else None
        ),
        SwitchParameter(f"{MKLDNN}.fp32_precision", f"{prefix}fp32_precision", 3),
    )


def _first(flag: str, keyword: str) -> tuple[SwitchParameter, ...]:
    return (SwitchParameter(flag, keyword, 0),)


_ENABLED = SwitchParameter("", "enabled", 0)

SETTERS = (
    Setter(
        DETERMINISTIC_MODE,
        (*_first(DETERMINISTIC_MODE, "mode"), SwitchParameter(WARN_ONLY, "warn_only", None)),
    ),
    Setter("torch.set_deterministic", _first(DETERMINISTIC_MODE, "d")),
    Setter(DEBUG_MODE, _first(DEBUG_MODE, "debug_mode")),
    Setter(MATMUL_PRECISION, _first(MATMUL_PRECISION, "precision")),
    Setter(
        "torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp",
        _first("torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp", "enabled"),
    ),
    Setter(f"{CUDNN}.flags", _cudnn_parameters("", implied=True), True, _ENABLED),
    Setter(f"{CUDNN}.set_flags", _cudnn_parameters("_", implied=False)),
    Setter(f"{MKLDNN}.flags", _mkldnn_parameters("", implied=True), True, _ENABLED),
    Setter(f"{MKLDNN}.set_flags", _mkldnn_parameters("_", implied=False)),
    Setter("torch.backends.flags", _first("torch.backends.fp32_precision", "fp32_precision"), True),
    Setter("torch.backends.set_flags", _first("torch.backends.fp32_precision", "_fp32_precision")),
    Setter(
        f"{COMPILER}.patch",
        (
            SwitchParameter(f"{COMPILER}.deterministic", "deterministic", None),
            *(
                SwitchParameter(each.name, each.name.removeprefix(f"{COMPILER}."), None)
                for each in AUTOTUNING_SWITCHES
                if each.attribute and not each.name.endswith("multi_kernel")
            ),
        ),
        True,
    ),
    *(
        Setter(f"{TUNABLE}.{name}", (SwitchParameter(f"{TUNABLE}.{name}", "val", 0, True),))
        for name in ("enable", "tuning_enable")
    ),
)
"""The functions and context managers that write those flags."""
