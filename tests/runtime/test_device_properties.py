"""Properties of devices: what is known, in the same words, and a reason for what is not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from torchdet.runtime import Unanswered, UnsupportedOnDeviceError
from torchdet.runtime.device_properties import device_properties


def test_the_cpu_is_described_and_has_no_capability(torch_handle):
    properties = torch_handle.device_properties("cpu")
    assert properties.name
    assert properties.total_memory == torch_handle.memory("cpu").total
    assert properties.multi_processor_count == torch_handle.runtime.facts.cpu_count
    assert isinstance(properties.capability, Unanswered)
    assert "only CUDA" in properties.capability.reason
    assert properties.native is None


def test_what_torch_cannot_describe_is_said(torch_handle):
    with pytest.raises(UnsupportedOnDeviceError, match="no properties for meta"):
        torch_handle.device_properties("meta")


class Module(SimpleNamespace):
    """A torch whose accelerator answers what the real one documents."""

    def __init__(self, **native: object) -> None:
        answer = SimpleNamespace(**native)
        device = SimpleNamespace(get_device_properties=lambda _device: answer)
        super().__init__(get_device_module=lambda _type: device, native=answer)


def test_cuda_and_xpu_keep_torchs_own_object():
    cuda = Module(name="GPU", total_memory=8, major=9, minor=0, multi_processor_count=132)
    properties = device_properties(cuda, torch.device("cuda:0"))
    assert (properties.name, properties.total_memory) == ("GPU", 8)
    assert (properties.capability, properties.multi_processor_count) == ((9, 0), 132)
    assert properties.native is cuda.native
    xpu = Module(name="XPU", total_memory=4, gpu_eu_count=448, has_fp64=True)
    properties = device_properties(xpu, torch.device("xpu:0"))
    assert properties.multi_processor_count == 448
    assert isinstance(properties.capability, Unanswered)


def test_mps_is_described_by_torch_where_it_can():
    memory = {
        name: (lambda: 2**30)
        for name in (
            "driver_allocated_memory",
            "recommended_max_memory",
            "current_allocated_memory",
        )
    }
    mps = SimpleNamespace(**memory)
    backend = SimpleNamespace(get_name=lambda: "Apple M3", get_core_count=lambda: 10)
    new = SimpleNamespace(mps=mps, backends=SimpleNamespace(mps=backend), __version__="2.13.0")
    properties = device_properties(new, torch.device("mps"))
    assert (properties.name, properties.multi_processor_count) == ("Apple M3", 10)
    assert properties.total_memory == 2**30
    old = SimpleNamespace(mps=mps, backends=SimpleNamespace(mps=object()), __version__="2.6.0")
    cores = device_properties(old, torch.device("mps")).multi_processor_count
    assert cores == Unanswered("torch 2.6.0 does not count the cores of MPS")
