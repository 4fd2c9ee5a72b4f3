"""What of a process's surroundings decides the bits: versions, hardware, switches, variables."""

from __future__ import annotations

import os
import platform
import sys

import torch

_VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "CUDA_LAUNCH_BLOCKING", "KMP_AFFINITY",
    "MKL_CBWR", "MKL_NUM_THREADS", "MKLDNN_DEFAULT_FPMATH_MODE", "NCCL_ALGO", "NCCL_PROTO",
    "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA", "PYTHONHASHSEED",
    "TORCHDYNAMO_DISABLE", "TORCHINDUCTOR_DETERMINISTIC", "WORLD_SIZE",
)  # fmt: skip
_SWITCHES = (
    "backends.cudnn.deterministic", "backends.cudnn.benchmark", "backends.cudnn.allow_tf32",
    "backends.cuda.matmul.allow_tf32", "utils.deterministic.fill_uninitialized_memory",
)  # fmt: skip


def environment_facts() -> dict[str, str]:
    """The facts by name. Those that a program sets later are read as they are now."""
    facts = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "torch": torch.__version__,
        "cuda": str(torch.version.cuda),
        "threads": str(torch.get_num_threads()),
        "deterministic algorithms": str(torch.are_deterministic_algorithms_enabled()),
    }
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        facts["numpy"] = str(numpy.__version__)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        facts["device"] = torch.cuda.get_device_name()
    for name in _VARIABLES:
        if name in os.environ:
            facts[name] = os.environ[name]
    for path in _SWITCHES:
        facts[f"torch.{path}"] = str(_attribute(path))
    return facts


def _attribute(path: str) -> object:
    value: object = torch
    for name in path.split("."):
        value = getattr(value, name, None)
    return value
