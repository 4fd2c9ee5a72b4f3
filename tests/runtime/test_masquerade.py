"""``torch.cuda`` and its like on a machine without CUDA, run for real on the CPU.

The list of calls is what TorchDevice covers. Where the home device is MPS or XPU only the
answers that need no hardware are tested here.
"""

from __future__ import annotations

import io
import pickle
import pkgutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.runtime.support import run_python
from torchdet.runtime.devices import Machine
from torchdet.runtime.errors import UnsupportedOnDeviceError
from torchdet.runtime.masquerade import device as masquerade_device
from torchdet.runtime.masquerade.cuda_only import CudaOnlyError
from torchdet.runtime.masquerade.device import SIMULATED_CAPABILITY
from torchdet.runtime.masquerade.streams_and_events import QueueEvent
from torchdet.runtime.redirect import AnswerMode, redirect
from torchdet.runtime.streams import HostEvent

pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA answers for itself"),
    pytest.mark.filterwarnings("ignore:`torch.cuda.amp"),
]
cuda = torch.cuda
_REFUSED = """
CUDAGraph CUDAPluggableAllocator ExternalStream MemPool caching_allocator_alloc
caching_allocator_delete caching_allocator_enable change_current_allocator clock_rate cudart
current_blas_handle device_memory_used gds.gds_register_buffer get_stream_from_external graph
graph_pool_handle host_memory_stats list_gpu_processes make_graphed_callables memory_usage
nccl.all_reduce power_draw set_sync_debug_mode temperature tunable.enable use_mem_pool utilization
"""
NO_CUDA_ERRORS = (AssertionError, RuntimeError, AttributeError, TypeError)


@pytest.fixture
def block() -> Iterator[None]:
    with redirect(Machine()):
        yield


@pytest.mark.usefixtures("block")
class TestDevices:
    def test_availability_and_count_are_honest(self) -> None:
        assert cuda.is_available() is False
        assert cuda.is_initialized() is False
        assert cuda.device_count() == 0

    def test_requests_are_granted_all_the_same(self) -> None:
        assert cuda.current_device() == 0
        cuda.init()

    @pytest.mark.parametrize("mode", AnswerMode)
    def test_names_and_properties(self, mode: AnswerMode) -> None:
        with redirect(Machine(), mode):
            name = cuda.get_device_name()
            assert (name == "CPU (CUDA compatible)") is (mode is AnswerMode.MASQUERADE)
            for device in ((), (0,), ("cuda",), ("cuda:0",), (torch.device("cuda"),)):
                assert cuda.get_device_name(*device) == name
                assert cuda.get_device_capability(*device) == SIMULATED_CAPABILITY
                properties = cuda.get_device_properties(*device)
                assert properties.name == name
                assert (properties.major, properties.minor) == SIMULATED_CAPABILITY
                assert properties.total_memory > 2**20
                assert properties.multi_processor_count >= 1
                assert properties.warp_size == 32
                assert properties.max_threads_per_block == 1024
                assert properties.regs_per_multiprocessor == 65536

    def test_choosing_a_device(self) -> None:
        cuda.set_device(0)
        cuda.set_device("cuda:3")
        with cuda.device(1), cuda.device("cuda:2"), cuda.device(torch.device("cuda", 1)):
            assert cuda.current_device() == 0
        with cuda.device_of(torch.ones(1)):
            pass
        assert isinstance(cuda.device(0), cuda.device)

    def test_what_else_there_is_to_ask(self) -> None:
        assert cuda.can_device_access_peer(0, 1) is False
        assert cuda.get_arch_list() == []
        assert cuda.get_gencode_flags() == ""
        assert cuda.is_bf16_supported() is True
        assert cuda.is_tf32_supported() is False
        assert cuda.is_current_stream_capturing() is False
        cuda.synchronize()
        cuda.synchronize(0)
        cuda.synchronize("cuda:1")
        cuda.ipc_collect()


def test_the_peak_can_be_reset_and_grows_again(tmp_path: Path) -> None:
    """In a process that has freed nothing yet: memory that was used before is not taken anew."""
    code = """
        import torch
        from torchdet.runtime.devices import Machine
        from torchdet.runtime.redirect import AnswerMode, redirect

        cuda = torch.cuda
        with redirect(Machine()):
            cuda.empty_cache()
            cuda.reset_peak_memory_stats()
            cuda.reset_max_memory_allocated()
            cuda.reset_max_memory_cached()
            cuda.reset_accumulated_memory_stats()
            low = cuda.max_memory_allocated()
            block = torch.ones(64 * 2**20, dtype=torch.uint8)
            print(cuda.memory_allocated() >= low + 48 * 2**20)
            del block
            print(cuda.max_memory_allocated() >= low + 48 * 2**20)
            print(cuda.max_memory_allocated() >= cuda.memory_allocated())
    """
    assert run_python(code, cwd=tmp_path).split() == ["True"] * 3


@pytest.mark.usefixtures("block")
class TestMemory:
    def test_figures_make_sense(self) -> None:
        free, total = cuda.mem_get_info()
        assert 0 < free <= total
        allocated, reserved = cuda.memory_allocated(), cuda.memory_reserved("cuda:0")
        assert 0 < allocated <= total
        assert reserved > 0
        assert cuda.max_memory_allocated() >= allocated
        assert cuda.max_memory_reserved() > 0
        assert cuda.max_memory_cached(0) > 0
        assert cuda.memory_cached() > 0

    def test_statistics(self) -> None:
        stats = cuda.memory_stats()
        assert stats["allocated_bytes.all.peak"] >= stats["allocated_bytes.all.current"] > 0
        nested = cuda.memory_stats_as_nested_dict()
        assert nested["allocated_bytes"]["all"]["current"] > 0
        assert "allocated_bytes.all.peak" in cuda.memory_summary()
        assert cuda.memory_snapshot() == []

    def test_a_fraction(self, caplog: pytest.LogCaptureFixture) -> None:
        cuda.set_per_process_memory_fraction(0.5)
        assert "not enforced" in caplog.text
        assert cuda.get_per_process_memory_fraction() == 0.5
        with pytest.raises(ValueError, match="0~1"):
            cuda.set_per_process_memory_fraction(2.0)
        with pytest.raises(TypeError):
            cuda.set_per_process_memory_fraction("much")  # type: ignore[arg-type]
        cuda.set_per_process_memory_fraction(1.0)

    def test_by_the_submodules_name(self) -> None:
        assert cuda.memory.memory_allocated() > 0
        cuda.memory.empty_cache()
        assert cuda.random.initial_seed() == torch.initial_seed()


@pytest.mark.usefixtures("block")
class TestStreamsAndEvents:
    def test_streams(self) -> None:
        stream, urgent = cuda.Stream(), cuda.Stream(device="cuda:1", priority=-1)
        assert isinstance(stream, cuda.Stream)
        assert isinstance(urgent, cuda.streams.Stream)
        assert cuda.current_stream() is cuda.default_stream()
        with cuda.stream(stream):
            assert cuda.current_stream() is stream
            with cuda.stream(None):
                assert cuda.current_stream() is stream
            with cuda.stream(urgent):
                assert cuda.current_stream() is urgent
            assert cuda.current_stream() is stream
        assert cuda.current_stream("cuda:0") is cuda.default_stream()
        cuda.set_stream(stream)
        assert cuda.current_stream() is stream
        cuda.set_stream(cuda.default_stream())
        stream.synchronize()
        assert stream.query()
        stream.wait_stream(urgent)
        stream.wait_event(urgent.record_event())
        torch.ones(1).record_stream(stream)
        with pytest.raises(TypeError):
            cuda.set_stream("a stream")

    def test_an_exception_restores_the_stream(self) -> None:
        before = cuda.current_stream()
        with pytest.raises(ValueError, match="inside"), cuda.stream(cuda.Stream()):
            raise ValueError("inside")
        assert cuda.current_stream() is before

    def test_events_order_and_time(self) -> None:
        start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
        assert isinstance(start, cuda.Event)
        start.record()
        time.sleep(0.01)
        end.record(cuda.current_stream())
        end.synchronize()
        assert end.query()
        assert 10 <= start.elapsed_time(end) < 10_000
        with pytest.raises(RuntimeError, match="enable_timing"):
            cuda.Event().elapsed_time(end)
        with pytest.raises(UnsupportedOnDeviceError):
            cuda.Event(interprocess=True)

    def test_an_event_of_one_queue_takes_any_stream(self) -> None:
        # What MPS events are wrapped in, here around the events of the host.
        start, end = (QueueEvent(HostEvent(enable_timing=True)) for _ in range(2))
        start.record(cuda.Stream())
        end.record()
        end.wait(cuda.current_stream())
        end.synchronize()
        assert end.query()
        assert start.elapsed_time(end) >= 0
        assert isinstance(start, cuda.Event)

    def test_generic_streams(self) -> None:
        assert torch.Stream("cuda").device.type == "cpu"
        assert torch.Stream(device="cuda:1").device.type == "cpu"
        assert isinstance(torch.Stream(device="cpu"), torch.Stream)

    def test_a_program_may_subclass_them(self) -> None:
        class Own(cuda.Stream):  # type: ignore[misc]
            pass

        assert issubclass(Own, cuda.Stream)
        assert {cuda.Stream: 1}[cuda.streams.Stream] == 1


@pytest.mark.usefixtures("block")
class TestRandomNumbers:
    def test_seeds_are_those_of_the_device_that_draws(self) -> None:
        cuda.manual_seed_all(5)
        first = torch.randn(3, device="cuda")
        cuda.manual_seed(5)
        assert torch.equal(torch.randn(3, device="cuda"), first)
        assert cuda.initial_seed() == 5
        cuda.seed()
        cuda.seed_all()
        assert cuda.initial_seed() == torch.initial_seed() != 5

    def test_states(self) -> None:
        state = cuda.get_rng_state("cuda:0")
        first = torch.randn(3, device="cuda")
        cuda.set_rng_state(state)
        assert torch.equal(torch.randn(3, device="cuda"), first)
        states = cuda.get_rng_state_all()
        second = torch.randn(3, device="cuda")
        cuda.set_rng_state_all(states)
        assert torch.equal(torch.randn(3, device="cuda"), second)
        with torch.random.fork_rng():
            torch.randn(3)

    def test_generators(self) -> None:
        for generator in (torch.Generator("cuda"), torch.Generator(device="cuda:1")):
            assert generator.device.type == "cpu"
            assert isinstance(generator, torch.Generator)
        drawn = torch.randn(2, generator=torch.Generator("cuda").manual_seed(1), device="cuda")
        assert torch.equal(drawn, torch.randn(2, generator=torch.Generator().manual_seed(1)))


@pytest.mark.usefixtures("block")
class TestMixedPrecision:
    def test_autocast(self) -> None:
        a = torch.ones(2, 2)
        for context in (
            torch.autocast("cuda", dtype=torch.bfloat16),
            torch.amp.autocast(device_type="cuda", dtype=torch.bfloat16),
            cuda.amp.autocast(dtype=torch.bfloat16),
        ):
            assert isinstance(context, torch.autocast)
            with context:
                assert (a @ a).dtype == torch.bfloat16
        with torch.autocast("cuda", enabled=False):
            assert (a @ a).dtype == torch.float32
        with pytest.raises(TypeError):
            torch.autocast()  # type: ignore[call-arg]

    @pytest.mark.parametrize(
        "make",
        [cuda.amp.GradScaler, torch.amp.GradScaler, lambda: torch.GradScaler("cuda")],
    )
    def test_the_scaler_scales(self, make: Callable[[], torch.amp.GradScaler]) -> None:
        scaler, parameter = make(), nn.Parameter(torch.ones(1))
        assert isinstance(scaler, torch.amp.GradScaler)
        assert scaler.is_enabled()
        optimizer = torch.optim.SGD([parameter], lr=0.5)
        scaler.scale(parameter.sum()).backward()
        assert parameter.grad is not None
        assert parameter.grad.item() == scaler.get_scale() > 1
        scaler.step(optimizer)
        scaler.update()
        assert parameter.item() == 0.5

    def test_checkpointing_under_autocast(self) -> None:
        layer = nn.Linear(2, 2)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            out = torch.utils.checkpoint.checkpoint(layer, torch.ones(1, 2), use_reentrant=False)
        assert out.dtype == torch.bfloat16
        out.float().sum().backward()
        assert layer.weight.grad is not None


def keeps(storage: torch.UntypedStorage, saved: str) -> torch.UntypedStorage:
    return storage


def moves_to_cuda(storage: torch.UntypedStorage, saved: str) -> torch.UntypedStorage:
    return storage.cuda()


def leaves_it_to_torch(storage: torch.UntypedStorage, saved: str) -> None:
    return None


@pytest.mark.usefixtures("block")
class TestLoading:
    @pytest.fixture
    def checkpoint(self, tmp_path: Path) -> Path:
        model = nn.Linear(2, 2)
        torch.save({"model": model.state_dict(), "rng": torch.get_rng_state()}, tmp_path / "c.pt")
        return tmp_path / "c.pt"

    @pytest.mark.parametrize(
        "location",
        [None, "cuda", "cuda:3", b"cuda", "mps", "cpu", "cpu:-1", torch.device("cuda", 1),
         {"cpu": "cuda:0"}, {"cuda:0": "cuda:1"}, keeps, moves_to_cuda, leaves_it_to_torch],
        ids=lambda location: getattr(location, "__name__", str(location)),
    )  # fmt: skip
    @pytest.mark.parametrize("weights_only", [True, False])
    @pytest.mark.parametrize("mmap", [True, False])
    def test_every_map_location(
        self, checkpoint: Path, location: object, weights_only: bool, mmap: bool
    ) -> None:
        loaded = torch.load(  # type: ignore[no-untyped-call]
            checkpoint, map_location=location, weights_only=weights_only, mmap=mmap
        )
        assert loaded["model"]["weight"].device.type == "cpu"
        torch.set_rng_state(loaded["rng"])
        nn.Linear(2, 2).cuda().load_state_dict(loaded["model"])

    def test_a_checkpoint_that_was_saved_on_cuda(self, checkpoint: Path) -> None:
        # The archive's records name the CPU; a file from CUDA differs in that name alone.
        import zipfile

        there = checkpoint.with_name("from_cuda.pt")
        with zipfile.ZipFile(checkpoint) as old, zipfile.ZipFile(there, "w") as new:
            for item in old.infolist():
                data = old.read(item)
                if item.filename.endswith("data.pkl"):
                    data = data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:1")
                    assert b"cuda:1" in data
                new.writestr(item.filename, data)
        for location in (None, "cuda", {"cuda:1": "cuda:0"}, lambda storage, saved: None):
            loaded = torch.load(there, map_location=location)
            assert loaded["model"]["weight"].device.type == "cpu"

    def test_scripted_modules(self) -> None:
        buffer = io.BytesIO()
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), buffer)  # type: ignore[no-untyped-call]
        buffer.seek(0)
        assert torch.jit.load(buffer, map_location="cuda")(torch.ones(1, 2)).shape == (1, 2)  # type: ignore[no-untyped-call]

    def test_torchs_own_errors_stay(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            torch.load(tmp_path / "missing.pt", map_location="cuda")
        with pytest.raises(TypeError):
            torch.load()  # type: ignore[call-arg]


@pytest.mark.usefixtures("block")
class TestTheRest:
    def test_nvtx_ranges_nest(self) -> None:
        assert [cuda.nvtx.range_push("a"), cuda.nvtx.range_push("b")] == [0, 1]
        assert [cuda.nvtx.range_pop(), cuda.nvtx.range_pop(), cuda.nvtx.range_pop()] == [1, 0, -1]
        with cuda.nvtx.range("step {}", 3):
            cuda.nvtx.mark("here")
        cuda.nvtx.range_end(cuda.nvtx.range_start("r"))
        cuda.profiler.start()
        cuda.profiler.stop()

    @pytest.mark.parametrize("name", _REFUSED.split())
    def test_what_only_cuda_can_do_says_so(self, name: str) -> None:
        call = pkgutil.resolve_name(f"torch.cuda:{name}")
        with pytest.raises(CudaOnlyError, match=rf"torch.cuda.{name} cannot be answered on cpu"):
            call()
        assert issubclass(CudaOnlyError, NotImplementedError)
        assert issubclass(CudaOnlyError, RuntimeError)

    def test_the_default_tensor_type(self) -> None:
        try:
            torch.set_default_tensor_type("torch.cuda.DoubleTensor")
            assert torch.zeros(1).dtype == torch.float64
            torch.set_default_tensor_type(torch.cuda.HalfTensor)  # type: ignore[attr-defined]
            assert torch.zeros(1).dtype == torch.float16
        finally:
            torch.set_default_tensor_type(torch.FloatTensor)

    def test_classes_can_be_pickled_by_name(self) -> None:
        for each in (torch.Generator, torch.Stream, cuda.Event):
            assert pickle.loads(pickle.dumps(each)) is each

    def test_storages(self) -> None:
        assert torch.ones(2).untyped_storage().cuda().device.type == "cpu"
        assert torch.ones(2).untyped_storage().cuda(1).nbytes() == 8

    def test_the_module_of_a_device_type(self) -> None:
        assert torch.get_device_module("cuda") is cuda
        with redirect(Machine(), "masquerade"):
            assert torch.get_device_module("cuda").is_available()

    def test_torchs_own_code_is_told_the_truth(self) -> None:
        asked: dict[str, Callable[[], bool]] = {}
        exec(
            "def ask(): return torch.cuda.is_available()",
            {"torch": torch, "__name__": "torch.optim.x"},
            asked,
        )
        with redirect(Machine(), "masquerade"):
            assert torch.cuda.is_available()
            assert asked["ask"]() is False


PEER_LIST = """
is_available is_initialized device device_count current_device set_device get_device_name
get_device_capability get_device_properties get_arch_list can_device_access_peer synchronize
ipc_collect empty_cache mem_get_info memory_allocated memory_reserved memory_stats memory_summary
memory_snapshot max_memory_allocated max_memory_reserved max_memory_cached reset_peak_memory_stats
reset_accumulated_memory_stats reset_max_memory_allocated reset_max_memory_cached
set_per_process_memory_fraction Stream Event stream current_stream default_stream set_stream
CUDAGraph graph graph_pool_handle make_graphed_callables is_current_stream_capturing manual_seed
manual_seed_all seed initial_seed set_rng_state_all utilization temperature power_draw clock_rate
"""


def test_every_call_that_torchdevice_covers_has_a_stand_in() -> None:
    plain = {name: getattr(cuda, name) for name in PEER_LIST.split()}
    with redirect(Machine(), "masquerade"):
        for name, original in plain.items():
            assert getattr(cuda, name) is not original, name
    assert all(getattr(cuda, name) is original for name, original in plain.items())


def test_a_machine_with_cuda_answers_for_itself() -> None:
    with redirect(Machine((("cuda", 2),))):
        assert cuda.is_available() is False
        assert cuda.device_count() == 0
        with pytest.raises(NO_CUDA_ERRORS):
            cuda.get_device_properties(0)


class FakeModule:
    """The parts of ``torch.xpu`` that say which device is current."""

    def __init__(self) -> None:
        self.current = 0

    def current_device(self) -> int:
        return self.current

    def set_device(self, device: int | torch.device) -> None:
        self.current = device if isinstance(device, int) else torch.device(device).index


def test_choosing_among_several_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    # No machine with XPUs is at hand, so this stands in for its module.
    xpu = FakeModule()
    monkeypatch.setattr(masquerade_device, "home_module", lambda mode: xpu)
    with redirect(Machine((("xpu", 3),))):
        cuda.set_device("cuda:1")
        assert cuda.current_device() == 1
        cuda.set_device(2)
        assert cuda.current_device() == 2
        with cuda.device("cuda:4"):  # folds
            assert cuda.current_device() == 1
            with cuda.device(0):
                assert cuda.current_device() == 0
        assert cuda.current_device() == 2


@pytest.mark.parametrize(("kind", "count"), [("mps", 1), ("xpu", 3)])
def test_other_accelerators_answer_by_their_own_name(kind: str, count: int) -> None:
    with redirect(Machine(((kind, count),)), "masquerade"):
        assert cuda.is_available() is True
        assert cuda.device_count() == count
        assert cuda.get_device_name(0) == f"{kind.upper()} (CUDA compatible)"
        assert cuda.get_device_capability() == SIMULATED_CAPABILITY
        with pytest.raises(CudaOnlyError, match=f"on {kind}"):
            cuda.CUDAGraph()
