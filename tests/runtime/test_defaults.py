"""Default dtype and device: checked, restored, and only from the main thread."""

from __future__ import annotations

import threading

import pytest
import torch

from torchdet.runtime import (
    RuntimePolicy,
    UnsupportedOnDeviceError,
    WrongThreadError,
    decide_torch_runtime,
    simulated_facts,
)
from torchdet.runtime.handle import TorchHandle


def in_thread(work):
    caught = []

    def run():
        try:
            work()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=run, name="pool-3")
    thread.start()
    thread.join()
    return caught


class TestDefaultDtype:
    def test_holds_in_the_block_and_is_restored(self, torch_handle):
        before = torch.get_default_dtype()
        with torch_handle.default_dtype(torch.float64):
            assert torch.nn.Linear(2, 2).weight.dtype == torch.float64
            with torch_handle.default_dtype(torch.float16):
                assert torch.ones(1).dtype == torch.float16
            assert torch.ones(1).dtype == torch.float64
        assert torch.get_default_dtype() == before

    def test_is_restored_when_the_block_raises(self, torch_handle):
        before = torch.get_default_dtype()
        with pytest.raises(KeyError), torch_handle.default_dtype(torch.float64):
            raise KeyError
        assert torch.get_default_dtype() == before

    def test_set_for_good_reads_back(self, torch_handle):
        before = torch.get_default_dtype()
        try:
            torch_handle.set_default_dtype(torch.float64)
            assert torch.get_default_dtype() == torch.float64
        finally:
            torch_handle.set_default_dtype(before)

    @pytest.mark.parametrize("dtype", [torch.int64, torch.bool, "float64", float, None])
    def test_refuses_what_cannot_be_a_default(self, torch_handle, dtype):
        with pytest.raises(TypeError, match="floating-point"):
            torch_handle.set_default_dtype(dtype)
        with pytest.raises(TypeError), torch_handle.default_dtype(dtype):
            pass

    def test_mps_has_no_float64(self):
        rt = TorchHandle(torch, decide_torch_runtime(simulated_facts("mps"), RuntimePolicy()))
        with pytest.raises(UnsupportedOnDeviceError, match="float32"):
            rt.set_default_dtype(torch.float64)

    def test_other_threads_are_refused(self, torch_handle):
        def enter():
            with torch_handle.default_dtype(torch.float64):
                pass

        for work in (enter, lambda: torch_handle.set_default_dtype(torch.float64)):
            [error] = in_thread(work)
            assert isinstance(error, WrongThreadError)
            assert isinstance(error, RuntimeError)
            assert "'pool-3'" in str(error)


class TestDefaultDevice:
    def test_holds_in_the_block_and_is_restored(self, torch_handle):
        with torch_handle.default_device("meta"):
            assert torch.ones(1).device.type == "meta"
            with torch_handle.default_device("cpu"):
                assert torch.ones(1).device.type == "cpu"
        assert torch.ones(1).device == torch.get_default_device()

    def test_takes_what_device_for_takes(self, torch_handle):
        with torch_handle.default_device(-1):
            assert torch.ones(1).device.type == "cpu"
        with torch_handle.default_device(torch_handle.device):
            assert torch.ones(1).device.type == torch_handle.device.type

    def test_set_for_good_reads_back(self, torch_handle):
        try:
            torch_handle.set_default_device("meta")
            assert torch.get_default_device().type == "meta"
        finally:
            torch.set_default_device(None)

    def test_other_threads_are_refused(self, torch_handle):
        def enter():
            with torch_handle.default_device("cpu"):
                pass

        for work in (enter, lambda: torch_handle.set_default_device("cpu")):
            [error] = in_thread(work)
            assert isinstance(error, WrongThreadError)
