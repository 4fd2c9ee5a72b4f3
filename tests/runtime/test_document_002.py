"""Document 002 row by row: TorchDevice's behaviour, each row of its tables a test by its name.

Machines without an accelerator are real here. Torch's ``meta`` device takes the place of a
machine's accelerator where tensors have to be made; for CUDA and MPS the table is asked itself.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from tests.runtime.support import run_python, run_script
from torchdet.runtime.devices import Machine
from torchdet.runtime.errors import PolicyError
from torchdet.runtime.masquerade.cuda_only import CudaOnlyError
from torchdet.runtime.redirect import redirect
from torchdet.runtime.redirect.placement import implicit_placement, place

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA answers for itself")

CPU_ONLY, ON_MPS, ON_CUDA = Machine(), Machine((("mps", 1),)), Machine((("cuda", 2),))
META = Machine((("meta", 1),))


def placed(spec: str | None, machine: Machine, *, override: bool = False) -> str:
    """The device of a tensor that is asked for by ``spec``."""
    if spec is None:
        answer = implicit_placement(machine)
        return "cpu" if answer is None else str(answer.device)
    answer = place(spec, machine, cpu_override=override)
    return spec if answer is None else str(answer.device)


# --- Device Redirection Policy ----------------------------------------------------------------

POLICY = {
    "none / not provided": ([None], "mps:0", "cuda:0", "cpu"),
    "cpu or cpu:n": (["cpu", "cpu:0", "cpu:3"], "mps:0", "cuda:0", "cpu"),
    "cpu:-1": (["cpu:-1"], "cpu", "cpu", "cpu"),
    "mps or mps:n": (["mps:0"], "mps:0", "cuda:0", "cpu"),
    "cuda or cuda:n": (["cuda:0", "cuda:1"], "mps:0", None, "cpu"),
}


@pytest.mark.parametrize("row", POLICY)
def test_device_redirection_policy(row: str) -> None:
    specs, on_mps, on_cuda, on_cpu = POLICY[row]
    for spec in specs:
        assert placed(spec, ON_MPS) == on_mps
        assert placed(spec, ON_CUDA) == (on_cuda or spec), "a request for CUDA is honoured there"
        if spec is not None and spec.startswith("cpu") and spec != "cpu:-1":
            assert placed(spec, CPU_ONLY).startswith("cpu"), "remains CPU"
        else:
            assert placed(spec, CPU_ONLY) == on_cpu


# --- Function Type | Masquerade? --------------------------------------------------------------


def test_function_type_device_queries() -> None:
    with redirect(CPU_ONLY, "masquerade"):
        assert torch.cuda.is_available()
        assert torch.cuda.device_count() == 1
        assert torch.cuda.get_device_name(0) == "CPU (CUDA compatible)"
        x = torch.zeros(1).cuda()
        assert (x.device, x.device.type, x.device.index) == (torch.device("cuda", 0), "cuda", 0)
        assert x.is_cuda
        assert not x.is_cpu
        assert x.get_device() == torch.get_device(x) == 0
        assert x.type() == "torch.cuda.FloatTensor"
        assert x.untyped_storage().device == x.device
        assert x.untyped_storage().is_cuda
        assert pack_sequence([x]).is_cuda
        assert torch.Generator("cuda").device == x.device
        assert torch.cuda.Stream().device == x.device
        assert torch.device("cuda").type == "cuda"
        assert torch.accelerator.current_accelerator() == torch.device("cuda")
        assert torch.accelerator.is_available()
        assert torch.get_default_device().type == "cuda"
        assert torch.version.cuda is not None
        assert torch.backends.cudnn.version() > 8000
        assert torch.backends.cuda.is_built()
        assert not torch.backends.mps.is_available()
    assert torch.version.cuda is None


def test_function_type_memory_queries() -> None:
    with redirect(CPU_ONLY):
        free, total = torch.cuda.mem_get_info()
        assert 0 < torch.cuda.memory_allocated() < total
        assert free <= total
        assert torch.accelerator.memory_allocated() > 0
        assert torch.mps.current_allocated_memory() > 0
        assert torch.mps.recommended_max_memory() == total


def test_function_type_streams_and_events() -> None:
    with redirect(CPU_ONLY):
        least, greatest = torch.cuda.Stream.priority_range()
        stream = torch.cuda.Stream(priority=greatest)
        assert (least, stream.priority) == (0, greatest)
        with stream:
            assert torch.cuda.current_stream() is stream
            assert torch.accelerator.current_stream() is stream
        assert torch.cuda.current_stream().cuda_stream != stream.cuda_stream
        assert stream.device_index == 0
        event = stream.record_event()
        stream.wait_event(event)
        assert event.query()
        generic = torch.Event("cuda", enable_timing=True)
        generic.record()
        assert generic.query()


def test_function_type_mathematic_operations() -> None:
    with redirect(CPU_ONLY):
        a = torch.ones(2, 2, device="cuda")
        assert torch.equal(a @ a.to("mps"), torch.full((2, 2), 2.0))


def test_function_type_cuda_only_features(tmp_path: Path) -> None:
    with redirect(CPU_ONLY):
        for call in (torch.cuda.CUDAGraph, torch.cuda.cudart, torch.cuda.tunable.enable):
            with pytest.raises(CudaOnlyError, match="cannot be answered on cpu"):
                call()
        with torch.autograd.profiler.emit_nvtx():
            torch.ones(1).sum()
        torch.cuda.memory._record_memory_history()
        assert torch.cuda.memory._snapshot()["segments"] == []
        torch.cuda.memory._dump_snapshot(str(tmp_path / "snapshot.pickle"))
        assert (tmp_path / "snapshot.pickle").stat().st_size > 0


# --- Simulation Categories --------------------------------------------------------------------


def test_simulation_device_properties() -> None:
    with redirect(CPU_ONLY, "masquerade"):
        properties = torch.cuda.get_device_properties("cuda")
        assert (properties.major, properties.minor) == (7, 0)
        assert properties.name == "CPU (CUDA compatible)"
        assert properties.total_memory > 2**20
        assert properties.multi_processor_count >= 1


def test_simulation_memory_management() -> None:
    with redirect(CPU_ONLY):
        torch.cuda.empty_cache()
        torch.accelerator.empty_cache()
        torch.mps.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        assert torch.cuda.max_memory_allocated() >= torch.cuda.memory_allocated()


def test_simulation_synchronization() -> None:
    with redirect(CPU_ONLY):
        for synchronize in (
            torch.cuda.synchronize,
            torch.accelerator.synchronize,
            torch.mps.synchronize,
            torch.xpu.synchronize,
        ):
            synchronize()


def test_simulation_error_handling() -> None:
    with redirect(CPU_ONLY):
        for call in (
            lambda: torch.zeros(1).to(-1),
            lambda: torch.zeros(1).cuda(-1),
            lambda: torch.device(""),
            lambda: torch.device("cuda", -1),
        ):
            with pytest.raises(RuntimeError, match="must not be"):
                call()
        torch.cuda.set_device(-1)  # torch does nothing then
        with torch.cuda.device(-1), torch.cuda.device(None):
            pass


# --- Additional points ------------------------------------------------------------------------


def test_user_notification_of_every_redirection(caplog: pytest.LogCaptureFixture) -> None:
    with redirect(META), caplog.at_level(logging.INFO):
        torch.zeros(1)
        torch.zeros(1, device="cpu")
        torch.zeros(1, device="cuda")
        with torch.random.fork_rng(devices=[]):
            torch.zeros(1, device="mps")
    assert len(caplog.records) == 4
    assert {record.funcName for record in caplog.records} == {
        "test_user_notification_of_every_redirection"
    }
    assert {record.pathname for record in caplog.records} == {__file__}


def test_the_notified_place_is_past_the_standard_library(caplog: pytest.LogCaptureFixture) -> None:
    with redirect(CPU_ONLY), pytest.warns(FutureWarning):
        torch.cuda.amp.GradScaler()  # which typing_extensions wraps
    assert {record.pathname for record in caplog.records} == {__file__}


def test_conversion_is_consistent() -> None:
    with redirect(META):
        x = torch.zeros(2, device="cpu:-1")
        torch.zeros(1, device="cpu:-1")  # and the override is off again
        assert x.to("cpu").is_meta
        assert not x.to("cpu:-1").is_meta


def test_device_index_handling() -> None:
    with redirect(CPU_ONLY):
        x = torch.zeros(1)
        assert x.device.index is None
        assert torch.zeros(1, device=f"cuda:{x.device.index}").device.type == "cpu"
        assert torch.zeros(1, device=f"cpu:{x.device.index}").device.type == "cpu"
    with redirect(CPU_ONLY, "masquerade"):
        assert torch.zeros(1).device.index == 0


def test_what_the_program_hands_to_torch_is_its_own_request() -> None:
    with redirect(CPU_ONLY), pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *a, **k: None)
        packed = pack_sequence([torch.ones(2)])
        assert packed.to("cuda").data.device.type == packed.cuda().data.device.type == "cpu"
        with torch.random.fork_rng(devices=[0]):
            torch.rand(1)
        model, x = torch.nn.Linear(2, 2), torch.ones(4, 2)
        parallel = torch.nn.parallel.data_parallel(model, x, device_ids=[0, 1])
        assert torch.equal(parallel, model(x))
        for storage in (
            torch.cuda.FloatStorage(3),
            torch.UntypedStorage(3, device="cuda"),
            torch.TypedStorage(3, device="cuda"),
            torch.ones(3).untyped_storage().to(device="cuda"),
        ):
            assert storage.device.type == "cpu"
    with redirect(META):
        assert torch.distributions.Normal(0.0, 1.0, validate_args=False).loc.is_meta


def test_capturable_optimizers_compute_the_same_numbers() -> None:
    def train(*, capturable: bool) -> torch.Tensor:
        parameter = torch.nn.Parameter(torch.ones(3))
        optimizer = torch.optim.Adam([parameter], lr=0.1, capturable=capturable)
        for _ in range(3):
            optimizer.zero_grad()
            parameter.square().sum().backward()
            optimizer.step()
        return parameter.detach()

    with redirect(CPU_ONLY):
        captured = train(capturable=True)
    torch.testing.assert_close(captured, train(capturable=False))


# --- Environment variables --------------------------------------------------------------------


def test_torch_allow_redirects(tmp_path: Path) -> None:
    code = """
        from torchdet.runtime import get_torch_handle
        torch = get_torch_handle().torch
        try:
            print(torch.zeros(1, device="cuda").device.type)
        except AssertionError:
            print("refused")
    """
    for value, answer in (("TRUE", "cpu"), ("false", "refused")):
        environment = {"TORCH_ALLOW_REDIRECTS": value, "TORCHDET_LOG_LEVEL": "ERROR"}
        assert run_python(code, cwd=tmp_path, environment=environment) == answer


def test_torchdevice_log_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
        import torch
        from torchdet.runtime.redirect import redirect
        with redirect():
            torch.zeros(1, device="cuda")
    """
    for level, words in (("ERROR", False), ("WARNING", True)):
        done = run_script(code, cwd=tmp_path, environment={"TORCHDEVICE_LOG_LEVEL": level})
        assert ("cuda was asked for" in done.stderr) is words
    monkeypatch.setenv("TORCHDEVICE_LOG_LEVEL", "LOUD")
    with pytest.raises(PolicyError, match="TORCHDEVICE_LOG_LEVEL: expected one of"), redirect():
        pass
