"""The handle on an accelerator. `pytest -m gpu -s` also prints what determinism costs there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.runtime import workloads
from tests.runtime.support import SOURCE, run_python
from tests.surroundings import settled

HAS_ACCELERATOR = torch.accelerator.device_count() > 0

needs_accelerator = pytest.mark.skipif(not HAS_ACCELERATOR, reason="no accelerator here")
needs_cuda = pytest.mark.skipif(torch.cuda.device_count() == 0, reason="no CUDA here")


def run_workload(mode, name, device="auto"):
    # Every run is a process of its own: flags cannot be taken back, and cuBLAS reads its workspace
    # once.
    done = subprocess.run(
        [sys.executable, str(Path(workloads.__file__)), mode, name, device],
        capture_output=True,
        text=True,
        env={**settled(), "PYTHONPATH": str(SOURCE)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_workloads_repeat_on_the_cpu_too(torch_handle):
    for name in workloads.WORKLOADS:
        first, second = (workloads.train(name, torch.device("cpu"), steps=2) for _ in range(2))
        assert first[0] == second[0], name


@pytest.mark.gpu
@needs_accelerator
@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_training_repeats_under_the_handle(name, capsys):
    under, raw = run_workload("handle", name), run_workload("raw", name)
    ratio = under["milliseconds"] / raw["milliseconds"]
    varies = len(set(raw["digests"])) > 1
    with capsys.disabled():
        print(
            f"\n{name} on {under['device']}: determinism costs x{ratio:.2f}; "
            f"raw runs {'differ' if varies else 'agreed this time'}"
        )
    assert len(set(under["digests"])) == 1
    assert under["digests"] == run_workload("handle", name)["digests"]  # another process, same bits


@pytest.mark.gpu
@needs_cuda
def test_getting_the_handle_leaves_cuda_to_a_forked_child(tmp_path):
    code = """
        import os
        from torchdet.runtime import get_torch_handle
        rt = get_torch_handle()
        torch = rt.torch
        facts = rt.runtime.facts.torch
        print(torch.cuda.is_initialized(), rt.device.type, facts.cuda.driver is not None)
        child = os.fork()
        if child == 0:
            os._exit(0 if torch.ones(2, device=rt.device).sum().item() == 2 else 1)
        print(os.waitpid(child, 0)[1])
    """
    assert run_python(code, cwd=tmp_path, hide_gpus=False).split("\n") == ["False cuda True", "0"]


@pytest.mark.gpu
@needs_cuda
def test_cuda_that_was_used_first_is_too_late_and_a_variable_from_the_start_is_not(tmp_path):
    code = """
        import torch
        torch.ones(4, 4, device="cuda") @ torch.ones(4, 4, device="cuda")
        from torchdet.runtime import decide_torch_runtime
        decision = decide_torch_runtime()
        print([reason.value for reason in getattr(decision, "reasons", ())])
    """
    assert run_python(code, cwd=tmp_path, hide_gpus=False) == "['cublas-workspace-too-late']"
    early = {"CUBLAS_WORKSPACE_CONFIG": ":16:8"}
    assert run_python(code, cwd=tmp_path, environment=early, hide_gpus=False) == "[]"


@pytest.mark.gpu
@needs_cuda
def test_names_and_memory_are_the_same_before_and_after_cuda_begins(tmp_path):
    code = """
        import torch
        from torchdet.runtime import probe_torch_runtime
        before = probe_torch_runtime().torch.accelerators
        assert not torch.cuda.is_initialized()
        torch.cuda.init()
        after = probe_torch_runtime().torch.accelerators
        for one, other in zip(before, after, strict=True):
            assert one.name in (None, other.name), (one, other)
            assert one.capability in (None, other.capability), (one, other)
        print(len(before) == len(after) > 0)
    """
    assert run_python(code, cwd=tmp_path, hide_gpus=False) == "True"


@pytest.mark.gpu
@needs_accelerator
class TestHandleOnTheAccelerator:
    def test_events_measure_and_order(self, torch_handle):
        rt = torch_handle
        start, end = rt.event(enable_timing=True), rt.event(enable_timing=True)
        a = torch.ones(512, 512, device=rt.device)
        start.record()
        for _ in range(10):
            a = a @ a / 512
        end.record()
        end.synchronize()
        assert end.query()
        assert start.elapsed_time(end) > 0

    def test_one_stream_waits_for_another(self, torch_handle):
        rt = torch_handle
        first, second = rt.stream(), rt.stream()
        x = torch.zeros(1 << 20, device=rt.device)
        rt.synchronize()
        with rt.use_stream(first):
            for _ in range(50):
                x += 1
            done = first.record_event()
        with rt.use_stream(second):
            second.wait_event(done)
            doubled = x * 2
        second.synchronize()
        rt.synchronize()
        assert doubled.eq(100).all().item()

    def test_memory_is_counted(self, torch_handle):
        rt = torch_handle
        before = rt.memory()
        block = torch.ones(1 << 22, device=rt.device)
        rt.synchronize()
        after = rt.memory()
        assert after.allocated - before.allocated >= block.numel() * 4
        assert after.total >= after.free > 0
        del block
        rt.empty_cache()
        assert rt.memory().allocated <= after.allocated

    def test_seeds_reach_the_device(self, torch_handle):
        rt = torch_handle
        drawn = []
        for _ in range(2):
            rt.manual_seed(11)
            drawn.append(torch.randn(100, device=rt.device))
        assert torch.equal(*drawn)
        own = [torch.rand(9, generator=rt.generator(4), device=rt.device) for _ in range(2)]
        assert torch.equal(*own)

    def test_the_device_is_described(self, torch_handle):
        rt = torch_handle
        assert rt.runtime.facts.torch.accelerators
        properties = rt.device_properties()
        assert properties.name
        assert properties.total_memory > 0
        assert properties.multi_processor_count > 0
        if rt.device.type in ("cuda", "xpu"):
            assert properties.native.name == properties.name
        assert rt.distributed_backend

    def test_mixed_precision_trains(self, torch_handle):
        rt = torch_handle
        model = torch.nn.Linear(8, 8).to(rt.device)
        optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), rt.grad_scaler()
        before = model.weight.detach().clone()
        with rt.autocast(torch.float16):
            loss = model(torch.ones(4, 8, device=rt.device)).float().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        assert not torch.equal(before, model.weight)

    def test_every_setting_holds_after_work(self, torch_handle):
        torch.nn.Conv2d(3, 8, 3).to(torch_handle.device)(
            torch.randn(2, 3, 16, 16, device=torch_handle.device)
        ).sum().backward()
        assert torch_handle.audit().holds
