"""Environment variables that decide about results, and when each is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownVariable:
    """One variable.

    ``read`` says when it is read once and ignored afterwards, empty where it is read again or does
    not matter. ``good`` are values that the runtime writes (the first) or accepts. ``bad`` are how
    values begin that a rule reports, and ``effect`` is what they do, to be read after "which".
    ``at_import`` holds for what is read while torch is imported. ``recorded`` ones are among the
    facts of a run.
    """

    name: str
    read: str = ""
    good: tuple[str, ...] = ()
    why: str = ""
    bad: tuple[str, ...] = ()
    effect: str = ""
    at_import: bool = False
    recorded: bool = True


_IN_NETWORK = "lets the network add up what it reduces, in an order that is not fixed"
_TIMED = "has the compiler choose kernels by timing them"
_TUNED = "chooses the kernels of matrix products by timing them"


def _unrecorded(name: str, effect: str) -> KnownVariable:
    return KnownVariable(name, bad=("1",), effect=effect, recorded=False)


VARIABLES = (
    KnownVariable("ATEN_CPU_CAPABILITY", "at the first operation", at_import=True),
    KnownVariable(
        "CUBLAS_WORKSPACE_CONFIG",
        "at the first cuBLAS call",
        (":16:8", ":4096:8"),
        "cuBLAS is deterministic only with a fixed workspace; it reads this once",
    ),
    KnownVariable("CUDA_DEVICE_ORDER"),
    KnownVariable("CUDA_LAUNCH_BLOCKING"),
    KnownVariable("CUDA_VISIBLE_DEVICES"),
    KnownVariable("LOCAL_RANK"),
    KnownVariable("MKL_CBWR", at_import=True),
    KnownVariable("MKL_NUM_THREADS", at_import=True),
    KnownVariable("NCCL_ALGO", bad=("NVLS", "CollNet", "collnet", "nvls"), effect=_IN_NETWORK),
    _unrecorded("NCCL_COLLNET_ENABLE", _IN_NETWORK),
    _unrecorded("NCCL_NVLS_ENABLE", _IN_NETWORK),
    KnownVariable("NVIDIA_TF32_OVERRIDE", "when the CUDA libraries load"),
    KnownVariable("OMP_NUM_THREADS", at_import=True),
    KnownVariable("ONEDNN_MAX_CPU_ISA"),
    KnownVariable("PYTHONHASHSEED", "when Python starts"),
    KnownVariable("PYTORCH_ENABLE_MPS_FALLBACK"),
    KnownVariable("PYTORCH_NVML_BASED_CUDA_CHECK"),
    _unrecorded("PYTORCH_TUNABLEOP_ENABLED", _TUNED),
    _unrecorded("PYTORCH_TUNABLEOP_TUNING", _TUNED),
    KnownVariable("RANK"),
    _unrecorded("TORCHINDUCTOR_BENCHMARK_FUSION", _TIMED),
    _unrecorded("TORCHINDUCTOR_COORDINATE_DESCENT_TUNING", _TIMED),
    KnownVariable(
        "TORCHINDUCTOR_DETERMINISTIC",
        "when the compiler's configuration is imported",
        ("1",),
        "makes the compiler's switch the default of every thread and child process",
    ),
    _unrecorded("TORCHINDUCTOR_MAX_AUTOTUNE", _TIMED),
    _unrecorded("TORCHINDUCTOR_MAX_AUTOTUNE_GEMM", _TIMED),
    _unrecorded("TORCHINDUCTOR_MAX_AUTOTUNE_POINTWISE", _TIMED),
    KnownVariable("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "when torch is imported"),
    KnownVariable("WORLD_SIZE"),
)
"""By name."""

READ_AT_FIRST_CUDA_CALL = frozenset(
    {"CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"}
)
"""What the driver reads when a process first uses it."""

READ_WITH_TORCH = frozenset({"PYTORCH_ENABLE_MPS_FALLBACK"})
"""What decides about devices while torch is imported (`aten/src/ATen/mps/MPSFallback.mm`)."""
