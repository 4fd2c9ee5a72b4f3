"""Machines made of facts, for tests: every decision without the hardware.

Nothing here touches torch. A simulated `Ready` is for decisions and tables; applying one changes
the real process, and is refused where the real machine contradicts it.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from torchdet.runtime.facts import (
    AbsenceReason,
    AcceleratorFacts,
    CudaFacts,
    RuntimeFacts,
    TorchAbsent,
    TorchPresent,
)

MachineKind = Literal["cuda", "mps", "xpu", "cpu", "no-torch"]

_GIB = 2**30
_NAMES = {"cuda": "Simulated CUDA GPU", "mps": "Simulated MPS GPU", "xpu": "Simulated XPU"}


def simulated_facts(kind: MachineKind, count: int = 1) -> RuntimeFacts:
    """Return the facts of a fresh main process on a machine of one kind.

    `count` is the number of accelerators; MPS has one, and `cpu` and `no-torch` have none
    whatever it says.

    >>> [str(each.index) for each in simulated_facts("cuda", 2).torch.accelerators]
    ['0', '1']
    """
    if kind == "no-torch":
        absent = TorchAbsent(AbsenceReason.NOT_INSTALLED, "No module named 'torch'")
        return RuntimeFacts(absent, python_version="3.12.0", platform="simulated")
    devices = {"cpu": 0, "mps": 1}.get(kind, count)
    torch = TorchPresent(
        version="2.13.0",
        was_imported=False,
        accelerators=tuple(_accelerator(kind, index) for index in range(devices)),
        cuda=CudaFacts("12.8", False, "570.86.15", 91002, False, False) if kind == "cuda" else None,
        cpu_capability="AVX2",
        num_threads=8,
        num_interop_threads=8,
        process_group=None,
    )
    return RuntimeFacts(torch, python_version="3.12.0", platform="simulated", cpu_count=8)


def _accelerator(kind: str, index: int) -> AcceleratorFacts:
    capability = (9, 0) if kind == "cuda" else None
    return AcceleratorFacts(kind, index, _NAMES[kind], 80 * _GIB, capability)


def with_cuda(facts: RuntimeFacts, **changes: object) -> RuntimeFacts:
    """Return the facts with fields of `CudaFacts` changed.

    >>> with_cuda(simulated_facts("cuda"), is_initialized=True).torch.cuda.is_initialized
    True
    """
    if not isinstance(facts.torch, TorchPresent) or facts.torch.cuda is None:
        raise ValueError("these facts describe no CUDA build; start from simulated_facts('cuda')")
    cuda = dataclasses.replace(facts.torch.cuda, **changes)  # type: ignore[arg-type]  # by name
    return dataclasses.replace(facts, torch=dataclasses.replace(facts.torch, cuda=cuda))
