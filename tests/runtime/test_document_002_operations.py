"""Document 002, "Operations Behavior" and "Utility Behavior": each section a test by its name.

A program that was written for CUDA runs here on a CPU, in both modes of redirection, and everything
that the section names answers.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import time

import pytest
import torch

from torchdet.runtime.devices import Machine
from torchdet.runtime.errors import InvalidDeviceError
from torchdet.runtime.masquerade.cuda_only import CudaOnlyError
from torchdet.runtime.redirect import AnswerMode, redirect

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA answers for itself")


@pytest.fixture(params=AnswerMode, ids=lambda mode: mode.value, autouse=True)
def mode(request):
    """Run every test in both modes."""
    torch.manual_seed(0)
    with redirect(Machine(), request.param):
        yield request.param


def network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Flatten(),
        torch.nn.Dropout(0.1), torch.nn.Linear(18, 2),
    ).cuda()  # fmt: skip


class TestOperationsBehavior:
    def test_memory_management(self):
        before = torch.cuda.memory_allocated("cuda:0")
        kept = torch.ones(1_000_000, device="cuda")
        stats = torch.cuda.memory_stats()
        free, total = torch.cuda.mem_get_info()
        assert kept.sum() == 1_000_000
        assert before >= 0
        assert torch.cuda.max_memory_allocated() >= 0
        assert isinstance(stats, dict)
        assert 0 < free <= total
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        assert "memory" in torch.cuda.memory_summary().lower()

    def test_neural_network_operations(self):
        model, values = network(), torch.randn(4, 1, 5, 5, device="cuda")
        output = model(values)
        assert output.shape == (4, 2)
        assert output.isfinite().all()
        twin = copy.deepcopy(model).to("cpu:-1")
        torch.testing.assert_close(
            twin.eval()(values.to("cpu:-1")), model.eval()(values), check_device=False
        )
        torch.ones(1).to("cpu:-1")  # the override is off again

    def test_stream_management(self):
        first, second = torch.cuda.Stream(), torch.cuda.Stream(device="cuda")
        with torch.cuda.stream(first):
            made = torch.ones(3, device="cuda") * 2
        second.wait_stream(first)
        with torch.cuda.stream(second):
            made += 1
        second.synchronize()
        torch.cuda.synchronize()
        torch.cuda.current_stream().wait_stream(second)
        assert first.query()
        assert made.tolist() == [3, 3, 3]

    def test_event_management(self):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        time.sleep(0.002)
        end.record()
        end.synchronize()
        assert end.query()
        assert start.elapsed_time(end) >= 2
        torch.cuda.Stream().wait_event(end)

    def test_automatic_differentiation(self):
        leaf = torch.ones(3, requires_grad=True)
        moved = leaf.cuda() * torch.tensor([1.0, 2.0, 3.0], device="cuda")
        moved.to("cpu").sum().backward()
        moved.detach().cuda()
        assert leaf.grad.tolist() == [1, 2, 3]
        (leaf.to("cuda:0") * 2).sum().backward()
        assert leaf.grad.tolist() == [3, 4, 5], "gradients accumulate"

    def test_optimization(self):
        model = network()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=False)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        values = torch.randn(8, 1, 5, 5, device="cuda")
        losses = []
        for _ in range(3):
            optimizer.zero_grad()
            loss = model(values).square().mean()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.00125)
        weight = next(model.parameters())
        assert optimizer.state[weight]["exp_avg"].device == weight.device
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


class TestUtilityBehavior:
    def test_compilation(self):
        def double(x):
            return x.to("cuda") * 2

        compiled = torch.compile(double, backend="eager")
        assert compiled(torch.ones(2)).tolist() == [2, 2]

    def test_profiling(self):
        activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
        with torch.profiler.profile(activities=activities) as seen:
            torch.ones(64, 64, device="cuda") @ torch.ones(64, 64, device="cuda")
        assert any("mm" in each.key for each in seen.key_averages())
        with torch.autograd.profiler.emit_nvtx():
            torch.ones(2, device="cuda").sum()

    def test_error_handling(self, mode, caplog):
        caplog.set_level(logging.DEBUG, "torchdet.runtime")
        with pytest.raises((InvalidDeviceError, RuntimeError), match="nonsense"):
            torch.ones(1, device="nonsense")
        with pytest.raises(CudaOnlyError, match="cudart"):
            torch.cuda.cudart().cudaMemGetInfo(0)
        with contextlib.suppress(RuntimeError):
            torch.ones(2, device="cuda") @ torch.ones(3, device="cuda")
        assert torch.ones(1, device="mps").item() == 1, "a device that is missing is replaced"
        told = [each for each in caplog.records if each.funcName == "test_error_handling"]
        # A line is told once in a process: in the first of the modes.
        assert told or mode is not AnswerMode.HONEST


def test_the_limits_of_the_masquerade(mode):
    """What shows the machine that is there, in either mode, and is said in redirect.md."""
    tensor = torch.ones(2, device="cuda")
    shown = "cuda" if mode is AnswerMode.MASQUERADE else "cpu"
    assert tensor.device.type == shown
    assert tensor.is_cuda is (mode is AnswerMode.MASQUERADE)
