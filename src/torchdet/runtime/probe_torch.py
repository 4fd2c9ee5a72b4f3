"""The torch half of the probe: version, accelerators and thread counts, without side effects.

Torch itself is imported; no context of any accelerator is created. Reads go through the
device-neutral API (`torch.accelerator`, `torch.get_device_module`), which exists since torch 2.6;
an older torch is described as far as it can be, and `decide` rejects it by its version.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from torchdet.runtime.devices import ACCELERATOR_TYPES
from torchdet.runtime.facts import (
    AbsenceReason,
    AcceleratorFacts,
    CudaFacts,
    TorchAbsent,
    TorchPresent,
)
from torchdet.runtime.host import physical_memory, processor_name
from torchdet.runtime.nvml import NvmlDevice, NvmlSnapshot, read_nvml, visible_devices


def probe_torch() -> TorchPresent | TorchAbsent:
    """Import torch and describe it, or say why that is impossible."""
    was_imported = sys.modules.get("torch") is not None
    torch = _import_torch()
    return torch if isinstance(torch, TorchAbsent) else _describe(torch, was_imported)


def _import_torch() -> ModuleType | TorchAbsent:
    try:
        torch = importlib.import_module("torch")
    except ModuleNotFoundError as error:
        missing = AbsenceReason.NOT_INSTALLED if error.name == "torch" else None
        return TorchAbsent(missing or AbsenceReason.IMPORT_FAILED, str(error))
    except Exception as error:  # noqa: BLE001  # a broken install fails in any way it likes
        return TorchAbsent(AbsenceReason.IMPORT_FAILED, f"{type(error).__name__}: {error}")
    if not hasattr(torch, "__version__") or not hasattr(torch, "_C"):
        place = getattr(torch, "__file__", None) or list(getattr(torch, "__path__", ()))
        return TorchAbsent(
            AbsenceReason.IMPORT_FAILED, f"the module named torch at {place} is not PyTorch"
        )
    return torch


def _describe(torch: ModuleType, was_imported: bool) -> TorchPresent:
    cuda_is_built = torch.version.cuda is not None or torch.version.hip is not None
    nvml = read_nvml() if torch.version.cuda is not None else None
    return TorchPresent(
        version=str(torch.__version__),
        was_imported=was_imported,
        accelerators=tuple(
            each for kind in _accelerator_types(torch) for each in _devices(torch, kind, nvml)
        ),
        cuda=_cuda(torch, nvml) if cuda_is_built else None,
        cpu_capability=_cpu_capability(torch),
        num_threads=torch.get_num_threads(),
        num_interop_threads=torch.get_num_interop_threads(),
        process_group=_process_group(),
    )


def _accelerator_types(torch: ModuleType) -> tuple[str, ...]:
    """Return the types to ask, the one that torch was built for first."""
    built = None
    if hasattr(torch, "accelerator"):
        built = torch.accelerator.current_accelerator()  # what was compiled in: touches no device
    kinds = [*([built.type] if built is not None else []), *ACCELERATOR_TYPES]
    return tuple(dict.fromkeys(kinds))


def _devices(
    torch: ModuleType, kind: str, nvml: NvmlSnapshot | None
) -> tuple[AcceleratorFacts, ...]:
    module = getattr(torch, kind, None)
    if module is None or not hasattr(module, "device_count"):
        return ()
    count = module.device_count()
    if kind == "mps":
        name, memory = processor_name(), physical_memory()  # the chip's, and shared
        return tuple(AcceleratorFacts(kind, index, name, memory) for index in range(count))
    if _is_initialized(module):
        return tuple(_from_torch(module, kind, index) for index in range(count))
    seen = visible_devices(nvml.devices if nvml else (), os.environ, count)
    return tuple(
        _from_nvml(kind, index, each if kind == "cuda" else None) for index, each in enumerate(seen)
    )


def _is_initialized(module: ModuleType) -> bool:
    return bool(getattr(module, "is_initialized", bool)())


def _from_torch(module: ModuleType, kind: str, index: int) -> AcceleratorFacts:
    properties = module.get_device_properties(index)
    capability = None
    if hasattr(properties, "major"):
        capability = (int(properties.major), int(properties.minor))
    return AcceleratorFacts(
        kind, index, str(properties.name), int(properties.total_memory), capability
    )


def _from_nvml(kind: str, index: int, device: NvmlDevice | None) -> AcceleratorFacts:
    if device is None:
        return AcceleratorFacts(kind, index)
    return AcceleratorFacts(kind, index, device.name, device.total_memory, device.capability)


def _cuda(torch: ModuleType, nvml: NvmlSnapshot | None) -> CudaFacts:
    is_initialized = bool(torch.cuda.is_initialized())
    workspace = getattr(torch._C, "_cuda_getCublasWorkspaceSize", None)  # since torch 2.13
    cudnn_version, cudnn_problem = _cudnn(torch)
    return CudaFacts(
        toolkit=str(torch.version.hip or torch.version.cuda),
        is_rocm=torch.version.hip is not None,
        driver=nvml.driver if nvml else None,
        cudnn_version=cudnn_version,
        cudnn_problem=cudnn_problem,
        is_initialized=is_initialized,
        is_in_bad_fork=bool(torch.cuda._is_in_bad_fork()),
        cublas_workspace_bytes=int(workspace()) if workspace and is_initialized else None,
    )


def _cudnn(torch: ModuleType) -> tuple[int | None, str]:
    """Return the version of cuDNN, or none and what torch has against the one that it found."""
    try:
        return torch.backends.cudnn.version(), ""
    except RuntimeError as error:  # a cuDNN that does not fit this build
        return None, str(error)


def _cpu_capability(torch: ModuleType) -> str:
    backend = getattr(torch.backends, "cpu", None)  # torch 2.1 and later
    return "unknown" if backend is None else str(backend.get_cpu_capability())


def _process_group() -> str | None:
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return str(distributed.get_backend())
