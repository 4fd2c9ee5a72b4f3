"""How far two tensors lie apart, in every type."""

from __future__ import annotations

import pytest
import torch

from torchdet.verify.value_difference import difference

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


@pytest.mark.parametrize("dtype", FLOATS)
def test_neighbours_are_one_unit_apart(dtype: torch.dtype) -> None:
    for value in (1.0, -1.0):
        one = torch.tensor([0.5, value], dtype=dtype)
        other = one.clone()
        other[1] = torch.nextafter(one[1], torch.tensor(4.0, dtype=dtype))
        found = difference([one], [other])
        assert found is not None
        assert (found.elements, found.total, found.max_ulp) == (1, 2, 1)
        assert found.examples == ((1, repr(one[1].item()), repr(other[1].item())),)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_zeros_are_one_unit_apart(dtype: torch.dtype) -> None:
    zeros = torch.tensor([0.0], dtype=dtype), torch.tensor([-0.0], dtype=dtype)
    found = difference([zeros[0]], [zeros[1]])
    assert found is not None
    assert (found.max_abs, found.max_ulp) == (0.0, 1)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_other_types_have_a_distance(dtype: torch.dtype) -> None:
    found = difference([torch.tensor([0, 1]).to(dtype)], [torch.tensor([0, 0]).to(dtype)])
    assert found is not None
    assert found.max_abs == 1.0


def test_equal_bits_are_no_difference() -> None:
    nan = torch.tensor([float("nan"), 1.0])
    assert difference([nan], [nan.clone()]) is None
