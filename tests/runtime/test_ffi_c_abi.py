"""The C function pointers, called as a C host calls them."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable

import pytest
import torch

from torchdet.runtime import ffi
from torchdet.runtime.ffi import c_abi, opening
from torchdet.runtime.ffi.session import Session
from torchdet.runtime.ffi.torch_backend import TorchBackend


@pytest.fixture(autouse=True)
def _session(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TorchBackend(torch.device("cpu"), lambda _: torch.device("cpu"))
    monkeypatch.setattr(opening._opened, "session", Session(backend))


_C_TYPES = {"int64_t": ctypes.c_int64, "int32_t": ctypes.c_int32, "bool": ctypes.c_bool,
            "void": None}  # fmt: skip


def declarations() -> dict[str, tuple[str, list[str]]]:
    """Read the C header: name -> (result type, parameter types)."""
    found = {}
    pattern = r"(\w+) (simple_torch_\w+)\(([^)]*)\);"
    for result, name, parameters in re.findall(pattern, c_abi.C_DECLARATIONS):
        found[name] = (result, [each.strip() for each in parameters.split(",")])
    return found


def foreign(name: str) -> Callable[..., int]:
    """Build a caller from nothing but the address and the C declaration."""
    result, parameters = declarations()[name]
    types = [
        ctypes.c_void_p if "*" in each else _C_TYPES[each.split()[0]]
        for each in parameters
        if each != "void"
    ]
    return ctypes.CFUNCTYPE(_C_TYPES[result], *types)(c_abi.address_of(name))  # type: ignore[arg-type]


def test_every_export_has_a_declaration_and_a_pointer() -> None:
    assert set(declarations()) == set(ffi.__all__) == set(c_abi.C_FUNCTIONS)


def test_a_round_trip_through_foreign_calls() -> None:
    data, dims = (ctypes.c_float * 4)(1, -2, 3, 4), (ctypes.c_int64 * 2)(2, 2)
    a = foreign("simple_torch_tensor_from_data")(data, 4, dims, 2)
    b = foreign("simple_torch_relu")(a)
    c = foreign("simple_torch_tensor_matmul")(a, b)
    assert 0 < a < b < c
    sizes, out = (ctypes.c_int64 * 8)(), (ctypes.c_float * 4)()
    assert foreign("simple_torch_tensor_shape")(c, sizes, 8) == 2
    assert list(sizes[:2]) == [2, 2]
    assert foreign("simple_torch_tensor_data")(c, out, 4) == 4
    expected = torch.tensor([[1.0, -2], [3, 4]]) @ torch.tensor([[1.0, 0], [3, 4]])
    assert list(out) == expected.flatten().tolist()
    foreign("simple_torch_tensor_free")(a)
    assert foreign("simple_torch_tensor_numel")(a) == -1


def test_null_pointers_and_bad_counts_fail_by_value() -> None:
    dims = (ctypes.c_int64 * 1)(2)
    from_data, zeros = (
        foreign("simple_torch_tensor_from_data"),
        foreign("simple_torch_tensor_zeros"),
    )
    assert from_data(None, 2, dims, 1) == 0
    assert from_data(dims, 2, None, 1) == 0
    assert zeros(dims, -1) == 0
    assert zeros(None, 0) > 0, "no dimensions: a scalar"
    handle = zeros(dims, 1)
    assert foreign("simple_torch_tensor_shape")(handle, None, 4) == 1
    assert foreign("simple_torch_tensor_data")(handle, None, 0) == 2


def test_the_last_error_is_cut_to_the_hosts_buffer() -> None:
    call = foreign("simple_torch_last_error")
    foreign("simple_torch_relu")(77)
    length = call(None, 0)
    text = ctypes.create_string_buffer(length + 1)
    assert call(text, len(text)) == length
    assert text.value == b"handle 77 was never given out"
    small = ctypes.create_string_buffer(b"xxxxxxxxx", 9)
    assert call(small, 5) == length
    assert small.raw == b"hand\0xxxx"


def test_threads_that_python_did_not_start_have_their_own_last_error() -> None:
    foreign("simple_torch_relu")(77)
    lengths: list[int] = []
    thread = threading.Thread(
        target=lambda: lengths.append(foreign("simple_torch_last_error")(None, 0))
    )
    thread.start()
    thread.join()
    assert lengths == [0]
