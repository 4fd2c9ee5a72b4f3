"""The plain Python fallback, compared with torch."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchdet.runtime.ffi import pure_tensor
from torchdet.runtime.ffi.boundary import FfiError
from torchdet.runtime.ffi.pure_tensor import PureTensor
from torchdet.runtime.ffi.shapes import checked_shape

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
MODERATE = st.floats(-100, 100, width=32)
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def tensors(
    draw: st.DrawFn, shape: tuple[int, ...], values: st.SearchStrategy[float]
) -> PureTensor:
    count = math.prod(shape)
    return PureTensor(shape, array("f", draw(st.lists(values, min_size=count, max_size=count))))


def as_torch(tensor: PureTensor) -> torch.Tensor:
    return torch.tensor(tensor.values.tolist(), dtype=torch.float32).reshape(tensor.shape)


def assert_same(
    ours: PureTensor, theirs: torch.Tensor, *, rtol: float = 0.0, atol: float = 0.0
) -> None:
    assert ours.shape == tuple(theirs.shape)
    torch.testing.assert_close(as_torch(ours), theirs, rtol=rtol, atol=atol, equal_nan=True)


@st.composite
def broadcastable(draw: st.DrawFn) -> tuple[PureTensor, PureTensor]:
    full = draw(SHAPES)
    pair = []
    for _ in range(2):
        shape = tuple(draw(st.sampled_from((size, 1))) for size in full)
        pair.append(shape[draw(st.integers(0, len(shape))) :])
    return draw(tensors(pair[0], FLOATS)), draw(tensors(pair[1], FLOATS))


@settings(max_examples=120, deadline=None)
@given(broadcastable())
def test_elementwise_operations_agree_with_torch(pair: tuple[PureTensor, PureTensor]) -> None:
    left, right = pair
    # One double operation on two float32 values, rounded once, is exactly IEEE's float32 result.
    assert_same(pure_tensor.add(left, right), as_torch(left) + as_torch(right))
    assert_same(pure_tensor.mul(left, right), as_torch(left) * as_torch(right))


@st.composite
def multipliable(draw: st.DrawFn) -> tuple[PureTensor, PureTensor]:
    rows, inner, columns = (draw(st.integers(0, 4)) for _ in range(3))
    batch = draw(st.lists(st.integers(0, 3), max_size=2))
    batches = []
    for _ in range(2):
        mine = [draw(st.sampled_from((size, 1))) for size in batch]
        batches.append(tuple(mine[draw(st.integers(0, len(mine))) :]))
    left = draw(st.sampled_from([(inner,), (*batches[0], rows, inner)]))
    right = draw(st.sampled_from([(inner,), (*batches[1], inner, columns)]))
    return draw(tensors(left, MODERATE)), draw(tensors(right, MODERATE))


@settings(max_examples=120, deadline=None)
@given(multipliable())
def test_matrix_products_agree_with_torch(pair: tuple[PureTensor, PureTensor]) -> None:
    left, right = pair
    expected = torch.matmul(as_torch(left), as_torch(right))
    assert_same(pure_tensor.matmul(left, right), expected, rtol=1e-5, atol=1e-2)


@settings(max_examples=80, deadline=None)
@given(SHAPES.flatmap(lambda shape: tensors(shape, FLOATS)))
def test_activations_agree_with_torch(tensor: PureTensor) -> None:
    theirs = as_torch(tensor)
    assert_same(pure_tensor.relu(tensor), torch.relu(theirs))
    assert_same(pure_tensor.sigmoid(tensor), torch.sigmoid(theirs), rtol=1e-5, atol=1e-37)
    assert_same(pure_tensor.tanh(tensor), torch.tanh(theirs), rtol=1e-5, atol=1e-37)


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        (pure_tensor.add, (2, 3), (2, 4)),
        (pure_tensor.mul, (0,), (2,)),
        (pure_tensor.matmul, (2, 3), (2, 3)),
        (pure_tensor.matmul, (), (2,)),
        (pure_tensor.matmul, (2, 2, 2), (3, 2, 2)),
    ],
)
def test_what_torch_refuses_is_refused(
    operation: Callable[[PureTensor, PureTensor], PureTensor],
    left: tuple[int, ...],
    right: tuple[int, ...],
) -> None:
    a, b = pure_tensor.filled(left, 1.0), pure_tensor.filled(right, 1.0)
    with pytest.raises(RuntimeError):
        getattr(torch, operation.__name__)(as_torch(a), as_torch(b))
    with pytest.raises(FfiError):
        operation(a, b)


@pytest.mark.parametrize(
    "dims", [[-1], [True], [1.0], "12", b"12", 3, None, [2**62], [2**40, 2**40], [1] * 65, [[1]]]
)
def test_impossible_shapes_are_refused(dims: object) -> None:
    with pytest.raises(FfiError):
        checked_shape(dims)


@settings(max_examples=50, deadline=None)
@given(SHAPES)
def test_possible_shapes_are_kept(shape: tuple[int, ...]) -> None:
    assert checked_shape(list(shape)) == shape
