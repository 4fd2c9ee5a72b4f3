"""The exported functions, with torch and in stub mode, by the same tests."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from array import array
from pathlib import Path

import pytest
import torch

import torchdet
from tests.patience import PATIENCE
from torchdet.runtime import ffi
from torchdet.runtime.ffi import opening
from torchdet.runtime.ffi.boundary import boundary, last_error
from torchdet.runtime.ffi.pure_backend import PureBackend
from torchdet.runtime.ffi.session import Session
from torchdet.runtime.ffi.torch_backend import TorchBackend

SOURCE = str(Path(torchdet.__file__).parents[1])


def _torch_device(code: int) -> torch.device:
    if code >= torch.cuda.device_count():
        raise ValueError(f"there is no GPU {code}")
    return torch.device("cpu") if code < 0 else torch.device("cuda", code)


@pytest.fixture(params=["torch", "stub"])
def session(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exported functions over a fresh session of each library."""
    if request.param == "torch":
        backend = TorchBackend(torch.device("cpu"), _torch_device)
        monkeypatch.setattr(opening._opened, "session", Session(backend))
    else:
        monkeypatch.setattr(opening._opened, "session", Session(PureBackend(seed=0)))


def values(handle: int) -> list[float]:
    count = ffi.simple_torch_tensor_numel(handle)
    out = array("f", [0.0] * count)
    assert ffi.simple_torch_tensor_data(handle, out) == count
    return out.tolist()


def shape(handle: int) -> list[int]:
    out = [0] * ffi.simple_torch_tensor_ndim(handle)
    assert ffi.simple_torch_tensor_shape(handle, out) == len(out)
    return out


@pytest.mark.usefixtures("session")
class TestEveryFunction:
    def test_creation(self) -> None:
        assert values(ffi.simple_torch_tensor_zeros([2, 2])) == [0.0] * 4
        assert values(ffi.simple_torch_tensor_ones([3])) == [1.0] * 3
        noise = ffi.simple_torch_tensor_randn([1000])
        drawn = values(noise)
        assert len(set(drawn)) > 900
        assert abs(sum(drawn) / 1000) < 0.2
        data = ffi.simple_torch_tensor_from_data([1, 2.5, -3, 4], [2, 2])
        assert (values(data), shape(data)) == ([1.0, 2.5, -3.0, 4.0], [2, 2])

    def test_scalars_and_empty_tensors(self) -> None:
        scalar = ffi.simple_torch_tensor_from_data([7.0], [])
        assert (ffi.simple_torch_tensor_ndim(scalar), values(scalar)) == (0, [7.0])
        empty = ffi.simple_torch_tensor_from_data([], [0, 3])
        assert (ffi.simple_torch_tensor_numel(empty), shape(empty)) == (0, [0, 3])

    def test_operations(self) -> None:
        a = ffi.simple_torch_tensor_from_data([1, 2, 3, 4], [2, 2])
        b = ffi.simple_torch_tensor_from_data([10, 20], [2])
        assert values(ffi.simple_torch_tensor_add(a, b)) == [11, 22, 13, 24]
        assert values(ffi.simple_torch_tensor_mul(a, b)) == [10, 40, 30, 80]
        assert values(ffi.simple_torch_tensor_matmul(a, b)) == [50, 110]
        assert values(a) == [1, 2, 3, 4], "an operation changed its operand"

    def test_activations(self) -> None:
        a = ffi.simple_torch_tensor_from_data([-1, 0, 2], [3])
        assert values(ffi.simple_torch_relu(a)) == [0, 0, 2]
        assert values(ffi.simple_torch_sigmoid(a))[1] == 0.5
        assert values(ffi.simple_torch_tanh(a)) == pytest.approx([-0.7615942, 0, 0.9640276])

    def test_devices(self) -> None:
        a = ffi.simple_torch_tensor_ones([2])
        for moved in (
            ffi.simple_torch_tensor_cpu(a),
            ffi.simple_torch_tensor_to_device(a, -1),
            ffi.simple_torch_tensor_to_device(a, -7),
        ):
            assert moved not in (0, a)
            assert values(moved) == [1, 1]
            assert ffi.simple_torch_tensor_is_cuda(moved) is False
            assert ffi.simple_torch_last_error() == ""

    def test_a_missing_gpu_is_a_failure_not_the_cpu(self) -> None:
        a = ffi.simple_torch_tensor_ones([2])
        for answer in (
            ffi.simple_torch_tensor_cuda(a, 99),
            ffi.simple_torch_tensor_to_device(a, 99),
        ):
            assert answer == 0
            assert "GPU 99" in ffi.simple_torch_last_error()
        assert ffi.simple_torch_tensor_cuda(a, -1) == 0
        assert "count from 0" in ffi.simple_torch_last_error()

    def test_a_freed_handle_is_dead_for_ever(self) -> None:
        a = ffi.simple_torch_tensor_ones([2])
        b = ffi.simple_torch_tensor_cpu(a)
        ffi.simple_torch_tensor_free(a)
        assert ffi.simple_torch_last_error() == ""
        assert ffi.simple_torch_relu(a) == 0
        assert "it was freed" in ffi.simple_torch_last_error()
        fresh = [ffi.simple_torch_tensor_zeros([1]) for _ in range(50)]
        assert a not in fresh
        assert ffi.simple_torch_tensor_numel(a) == -1
        assert values(b) == [1, 1], "another handle on the same tensor lives on"
        ffi.simple_torch_tensor_free(a)
        assert "it was freed" in ffi.simple_torch_last_error()

    @pytest.mark.parametrize("bad", [0, -1, 10**9, 2**63, 2**200, True, 1.0, None, "1", object()])
    def test_bad_handles_are_failures_by_value(self, bad: object) -> None:
        good = ffi.simple_torch_tensor_ones([2])
        calls = {
            lambda: ffi.simple_torch_tensor_add(good, bad): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_mul(bad, good): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_matmul(bad, bad): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_relu(bad): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_sigmoid(bad): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tanh(bad): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_cuda(bad, 0): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_cpu(bad): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_to_device(bad, -1): 0,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_shape(bad, []): -1,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_ndim(bad): -1,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_numel(bad): -1,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_data(bad, []): -1,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_is_cuda(bad): False,  # type: ignore[arg-type]
            lambda: ffi.simple_torch_tensor_free(bad): None,  # type: ignore[arg-type]
        }
        for call, failure in calls.items():
            assert call() == failure
            assert "handle" in ffi.simple_torch_last_error()

    @pytest.mark.parametrize(
        ("data", "dims"),
        [
            ([1, 2], [3]),
            (["a"], [1]),
            ("ab", [2]),
            (b"abcd", [1]),
            (None, [0]),
            ([10**400], [1]),
            ([1], [-1]),
            ([1], [2**62, 2**62]),
        ],
    )
    def test_bad_data_is_a_failure_by_value(self, data: object, dims: list[int]) -> None:
        assert ffi.simple_torch_tensor_from_data(data, dims) == 0  # type: ignore[arg-type]
        assert ffi.simple_torch_last_error()

    def test_wrong_argument_counts_are_failures_by_value(self) -> None:
        assert ffi.simple_torch_relu() == 0  # type: ignore[call-arg]
        assert "TypeError" in ffi.simple_torch_last_error()
        assert ffi.simple_torch_tensor_zeros([1], 2, three=3) == 0  # type: ignore[call-arg]

    def test_more_memory_than_there_is_is_a_failure_by_value(self) -> None:
        for create in (ffi.simple_torch_tensor_zeros, ffi.simple_torch_tensor_randn):
            assert create([2**60]) == 0
            assert ffi.simple_torch_last_error()

    def test_a_buffer_too_small_is_left_alone(self) -> None:
        a = ffi.simple_torch_tensor_ones([2, 3])
        sizes, elements = [9], array("f", [9.0] * 5)
        assert ffi.simple_torch_tensor_shape(a, sizes) == 2
        assert ffi.simple_torch_tensor_data(a, elements) == 6
        assert (sizes, set(elements)) == ([9], {9.0})
        assert ffi.simple_torch_tensor_shape(a) == 2
        roomy = (ctypes.c_int64 * 4)(7, 7, 7, 7)
        assert ffi.simple_torch_tensor_shape(a, roomy) == 2
        assert list(roomy) == [2, 3, 7, 7]

    def test_the_hosts_memory_is_copied(self) -> None:
        data = array("f", [1.0, 2.0])
        a = ffi.simple_torch_tensor_from_data(data, [2])
        data[0] = 99.0
        assert values(a) == [1.0, 2.0]
        out = array("f", [0.0, 0.0])
        ffi.simple_torch_tensor_data(a, out)
        out[0] = 99.0
        assert values(a) == [1.0, 2.0]

    def test_success_clears_the_last_error(self) -> None:
        ffi.simple_torch_relu(0)
        assert ffi.simple_torch_last_error()
        ffi.simple_torch_tensor_ones([1])
        assert ffi.simple_torch_last_error() == ""

    def test_the_last_error_belongs_to_the_thread(self) -> None:
        ffi.simple_torch_relu(12345)
        seen: list[str] = []

        def other() -> None:
            seen.append(ffi.simple_torch_last_error())
            ffi.simple_torch_relu(54321)
            seen.append(ffi.simple_torch_last_error())

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert seen[0] == ""
        assert "54321" in seen[1]
        assert "12345" in ffi.simple_torch_last_error()

    def test_many_threads_at_once(self) -> None:
        failures: list[str] = []

        def work(number: int) -> None:
            for _ in range(50):
                a = ffi.simple_torch_tensor_from_data([number, -number], [2])
                b = ffi.simple_torch_relu(a)
                if values(b) != [max(number, 0), max(-number, 0)]:
                    failures.append("another thread's tensor")
                ffi.simple_torch_tensor_free(a)
                ffi.simple_torch_tensor_free(b)
                if ffi.simple_torch_tensor_numel(b) != -1:
                    failures.append("a freed handle answers")

        threads = [threading.Thread(target=work, args=(each,)) for each in range(-3, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures


def test_the_functions_of_the_document_are_exported() -> None:
    # The document speaks of 20 functions and lists 21: four of them are about devices.
    creation = {"zeros", "ones", "randn", "from_data"}
    others = {"add", "mul", "matmul", "shape", "ndim", "numel", "free"}
    devices = {"cuda", "cpu", "is_cuda", "to_device"}
    listed = {f"simple_torch_tensor_{name}" for name in creation | others | devices}
    for name in ("relu", "sigmoid", "tanh", "available", "cuda_available", "cuda_device_count"):
        listed.add(f"simple_torch_{name}")
    additions = {"simple_torch_tensor_data", "simple_torch_last_error"}
    assert len(listed) == 21
    assert set(ffi.__all__) == listed | additions


class _Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even the text fails")


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), MemoryError(), RecursionError(),
     _Unspeakable(), Exception("\ud800")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_nothing_crosses_the_boundary(error: BaseException) -> None:
    @boundary(failure=-1)
    def fails() -> int:
        raise error

    assert fails() == -1
    assert type(error).__name__ in last_error()


def run(code: str, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Nothing but the standard library and the sources: the real thing, not a hidden torch.
    script = f"import sys; sys.path.append({SOURCE!r})\n{code}"
    return subprocess.run(
        [sys.executable, *flags, "-c", script],
        capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment or None,
    )  # fmt: skip


STUB_PROGRAM = """
from torchdet.runtime import ffi
assert not ffi.simple_torch_available()
assert not ffi.simple_torch_cuda_available()
assert ffi.simple_torch_cuda_device_count() == 0
a = ffi.simple_torch_tensor_from_data([1, -2, 3, 4], [2, 2])
b = ffi.simple_torch_tensor_matmul(ffi.simple_torch_relu(a), a)
out = [0.0] * 4
assert ffi.simple_torch_tensor_data(b, out) == 4, ffi.simple_torch_last_error()
assert out == [1.0, -2.0, 15.0, 10.0], out
assert ffi.simple_torch_tensor_cuda(a, 0) == 0
assert "torch is not installed" in ffi.simple_torch_last_error()
assert ffi.simple_torch_tensor_randn([4]) > 0
import sys
assert not {"torch", "numpy", "libcst", "click"} & set(sys.modules)
print("answered")
"""


def test_stub_mode_where_torch_is_not_installed() -> None:
    done = run("import importlib.util as u; assert not u.find_spec('torch')\n" + STUB_PROGRAM,
               "-I", "-S")  # fmt: skip
    assert (done.stdout, done.stderr) == ("answered\n", "")


def test_stub_randomness_follows_the_policys_seed() -> None:
    code = """
from torchdet.runtime import ffi
out = [0.0] * 4
ffi.simple_torch_tensor_data(ffi.simple_torch_tensor_randn([4]), out)
print(out)
"""
    first, second, other = (run(code, "-S", TORCHDET_SEED=seed).stdout for seed in ("5", "5", "6"))
    assert first == second != other


def test_the_runtime_is_applied_before_the_first_tensor() -> None:
    done = run("""
import torch
from torchdet.runtime import ffi
assert not torch.are_deterministic_algorithms_enabled()
assert ffi.simple_torch_available()
assert not torch.are_deterministic_algorithms_enabled()
assert ffi.simple_torch_tensor_ones([2]) > 0, ffi.simple_torch_last_error()
assert torch.are_deterministic_algorithms_enabled()
print("applied")
""")
    assert done.stdout == "applied\n", done.stderr


def test_a_rejected_policy_fails_every_call_with_its_reasons() -> None:
    done = run(
        """
from torchdet.runtime import ffi
for _ in range(2):
    assert ffi.simple_torch_tensor_ones([2]) == 0
    assert "TorchRuntimeRejected" in ffi.simple_torch_last_error()
    assert "cuda:7" in ffi.simple_torch_last_error(), ffi.simple_torch_last_error()
print("rejected")
""",
        TORCHDET_DEVICE="cuda:7",
    )
    assert done.stdout == "rejected\n", done.stderr
