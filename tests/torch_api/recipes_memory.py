"""Recipes: memory that nobody initialised."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests.torch_api.observation import deterministic_algorithms
from tests.torch_api.recipe import Tensors, claim, neighbour, operation

FILLED_DTYPES = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip

FRESH = 1 << 26
"""So many bytes that they come from the system as zeros, and not from what was freed before."""


def is_filled(tensor: torch.Tensor) -> bool:
    """Whether every element is what deterministic mode fills memory with.

    >>> is_filled(torch.tensor([float("nan"), 1.0]))
    False
    """
    if tensor.dtype.is_complex:
        return bool(torch.view_as_real(tensor)[..., 0].isnan().all())
    if tensor.dtype.is_floating_point:
        return bool(tensor.isnan().all())
    if tensor.dtype == torch.bool:
        return bool(tensor.all())
    return bool((tensor == torch.iinfo(tensor.dtype).max).all())


def fill_memory(on: bool) -> None:
    """Switch filling."""
    settings = torch.utils.deterministic
    settings.fill_uninitialized_memory = on  # type: ignore[attr-defined]  # made at run time


@operation("empty family")
def every_way_to_an_empty_tensor(device: torch.device) -> Tensors:
    x = torch.ones(2, 2, device=device)
    return (
        torch.empty(2, 3, device=device),
        torch.empty_like(x),
        torch.empty_strided((2, 2), (2, 1), device=device),
        torch.empty_permuted((2, 2), (1, 0), device=device),
        x.new_empty(3),
        x.new_empty_strided((2, 2), (2, 1)),
        torch.ones(0, device=device).resize_(4),
        torch.ones(0, device=device).resize_as_(x),
        x.new(3),
    )


@operation("empty family")
def every_dtype(device: torch.device) -> Tensors:
    return tuple(torch.empty(5, dtype=dtype, device=device) for dtype in FILLED_DTYPES)


@claim("empty family")
def constructors_that_take_sizes_are_filled(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    for build in (
        torch.Tensor, torch.FloatTensor, torch.DoubleTensor, torch.HalfTensor,
        torch.BFloat16Tensor, torch.IntTensor, torch.LongTensor, torch.ByteTensor,
        torch.BoolTensor,
    ):  # fmt: skip
        assert is_filled(build(3)), build
    grown = torch.ones(2).resize_(4)
    assert grown[:2].tolist() == [1, 1]
    assert is_filled(grown[2:])


@claim("empty family", devices=("cpu", "cuda"))
def filling_goes_with_warn_only_too_and_can_be_switched_off(device: torch.device) -> None:
    with deterministic_algorithms(True, warn_only=True):
        assert is_filled(torch.empty(9, device=device))
    marked = torch.zeros(9, device=device)
    with deterministic_algorithms(False):
        assert not is_filled(torch.empty(9, out=marked))
    fill_memory(False)
    with deterministic_algorithms(True):
        assert not is_filled(torch.empty(9, out=marked))


@claim("fill_uninitialized_memory", devices=("cpu", "cuda"))
def memory_is_left_alone_where_filling_is_off(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    marked = torch.zeros(9, device=device)
    fill_memory(False)
    assert torch.empty(9, out=marked).tolist() == [0] * 9
    fill_memory(True)
    assert is_filled(torch.empty(9, out=marked))


@neighbour("empty family")
def zeros_are_zeros(device: torch.device) -> Tensors:
    return torch.zeros(3, device=device), torch.full((3,), 2.0, device=device)


@operation("empty in modules")
def modules_without_initialisation(device: torch.device) -> Tensors:
    skipped = nn.utils.skip_init(nn.Linear, 2, 2, device=device)
    moved = nn.Linear(2, 2, device="meta").to_empty(device=device)
    raw = nn.Parameter(torch.empty(2, device=device))
    return tuple(p.detach() for p in (*skipped.parameters(), *moved.parameters(), raw))


@operation("out= tensors", name="empty(out=)")
def empty_into_a_tensor(device: torch.device) -> Tensors:
    return torch.empty(3, out=torch.zeros(1, device=device))


@claim("storage allocation")
def storages_are_not_filled(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    fresh = torch.UntypedStorage(FRESH)
    tensor = torch.tensor([], dtype=torch.float32)
    assert not is_filled(tensor.set_(fresh, 0, (FRESH // 4,), (1,)))
    storage = torch.zeros(4).untyped_storage()
    storage.resize_(FRESH)
    grown = torch.tensor([], dtype=torch.float32).set_(storage, 4, (FRESH // 4 - 4,), (1,))
    assert not is_filled(grown)


@claim("quantized empty")
def quantized_tensors_are_not_filled(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    made = torch._empty_affine_quantized((FRESH,), scale=0.1, zero_point=0, dtype=torch.quint8)
    assert not is_filled(made.int_repr())


@claim("resize_ quantized")
def resizing_a_quantized_tensor_alerts(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    tensor = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        tensor.clone().resize_(5)
    torch.ones(3).resize_(5)


@claim("numpy empty")
def numpy_knows_nothing_of_the_mode(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    shared = torch.from_numpy(np.empty(FRESH // 4, dtype=np.float32))
    assert not is_filled(shared)
    like = np.empty_like(np.zeros(FRESH, dtype=np.uint8))
    assert not is_filled(torch.from_numpy(like))
