"""The deterministic stand-ins: equal to torch's within rounding, forwards and backwards."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.nn import functional as F

from torchdet.runtime import deterministic, disable
from torchdet.torch_api.stand_ins import STAND_INS

D = torch.float64


def randn(*size):
    return torch.randn(*size, dtype=D)


def pooled(size, dimensions):
    torch.manual_seed(3)
    pool = getattr(F, f"max_pool{dimensions}d")
    return pool(torch.randn(size, dtype=D), 2, return_indices=True)


def unpool_case(dimensions):
    size = (2, 3, *(4, 6, 4)[:dimensions])
    values, where = pooled(size, dimensions)
    return f"max_unpool{dimensions}d", (values,), lambda f, x: f(x, where, 2)


def grid(*size):
    return torch.rand(*size, dtype=D) * 2.6 - 1.3


def grid_case(mode, padding, corners):
    return (
        "grid_sample",
        (randn(2, 3, 5, 4), grid(2, 3, 4, 2)),
        lambda f, x, g: f(x, g, mode=mode, padding_mode=padding, align_corners=corners),
    )


LOGITS = (3, 5, 4, 2)
CLASSES = torch.arange(24).reshape(3, 4, 2) % 5
INDEX = torch.tensor([[0, 1, 1], [2, 1, 2], [0, 0, 1]])

# Name, inputs that need a gradient, and the call, for torch's function and for the stand-in.
CASES = {
    **{f"max_unpool{n}d": lambda n=n: unpool_case(n) for n in (1, 2, 3)},
    "max_unpool2d to a size": lambda: (
        "max_unpool2d", (pooled((1, 2, 5, 5), 2)[0],),
        lambda f, x: f(x, pooled((1, 2, 5, 5), 2)[1], 2, output_size=[1, 2, 5, 5])),
    "adaptive_avg_pool1d": lambda: (
        "adaptive_avg_pool1d", (randn(2, 3, 7),), lambda f, x: f(x, 3)),
    "adaptive_avg_pool2d": lambda: (
        "adaptive_avg_pool2d", (randn(2, 3, 7, 5),), lambda f, x: f(x, (3, None))),
    "adaptive_avg_pool3d": lambda: (
        "adaptive_avg_pool3d", (randn(1, 2, 5, 4, 3),), lambda f, x: f(x, (2, 3, 1))),
    "adaptive_max_pool1d": lambda: (
        "adaptive_max_pool1d", (randn(2, 3, 7),), lambda f, x: f(x, 3)),
    "adaptive_max_pool2d": lambda: (
        "adaptive_max_pool2d", (randn(2, 3, 7, 5),), lambda f, x: f(x, (3, 2))),
    "adaptive_max_pool3d": lambda: (
        "adaptive_max_pool3d", (randn(1, 2, 5, 4, 3),), lambda f, x: f(x, (2, 3, 1))),
    "interpolate linear": lambda: (
        "interpolate", (randn(2, 3, 5),), lambda f, x: f(x, size=8, mode="linear")),
    "interpolate bilinear": lambda: (
        "interpolate", (randn(1, 2, 4, 5),),
        lambda f, x: f(x, size=(7, 3), mode="bilinear", align_corners=True)),
    "interpolate bicubic": lambda: (
        "interpolate", (randn(1, 2, 4, 5),), lambda f, x: f(x, scale_factor=1.7, mode="bicubic")),
    "interpolate antialias": lambda: (
        "interpolate", (randn(1, 2, 8, 9),),
        lambda f, x: f(x, size=(3, 4), mode="bicubic", antialias=True)),
    "interpolate trilinear": lambda: (
        "interpolate", (randn(1, 2, 3, 4, 3),),
        lambda f, x: f(x, scale_factor=(2.0, 1.5, 1.0), mode="trilinear")),
    "interpolate area": lambda: (
        "interpolate", (randn(1, 2, 5, 7),), lambda f, x: f(x, size=(2, 3), mode="area")),
    "interpolate nearest": lambda: (
        "interpolate", (randn(1, 2, 5, 7),), lambda f, x: f(x, scale_factor=2.0)),
    "ctc_loss": lambda: (
        "ctc_loss", (randn(6, 2, 5),),
        lambda f, x: f(x.log_softmax(-1), torch.tensor([[1, 2, 2], [3, 1, 0]]), (6, 5), (3, 2))),
    "ctc_loss concatenated": lambda: (
        "ctc_loss", (randn(6, 2, 5),),
        lambda f, x: f(x.log_softmax(-1), torch.tensor([1, 2, 3, 1, 2]), torch.tensor([6, 6]),
                       torch.tensor([3, 2]), reduction="sum")),
    "nll_loss": lambda: (
        "nll_loss", (randn(*LOGITS),), lambda f, x: f(x.log_softmax(1), CLASSES)),
    "cross_entropy": lambda: (
        "cross_entropy", (randn(*LOGITS),),
        lambda f, x: f(x, CLASSES, torch.linspace(0.5, 1, 5, dtype=D), ignore_index=2,
                       label_smoothing=0.1)),
    "cross_entropy none": lambda: (
        "cross_entropy", (randn(*LOGITS),), lambda f, x: f(x, CLASSES, reduction="none")),
    **{f"grid_sample {mode} {padding} {corners}": partial(grid_case, mode, padding, corners)
       for mode in ("bilinear", "nearest") for padding in ("zeros", "border", "reflection")
       for corners in (True, False)},
    "grid_sample 3d": lambda: (
        "grid_sample", (randn(1, 2, 3, 4, 3), grid(1, 2, 2, 3, 3)),
        lambda f, x, g: f(x, g, align_corners=False)),
    "scatter_reduce prod": lambda: (
        "scatter_reduce", (randn(3, 3), randn(3, 3)), lambda f, x, s: f(x, 0, INDEX, s, "prod")),
    "scatter_reduce prod without self": lambda: (
        "scatter_reduce", (randn(3, 4), randn(3, 3)),
        lambda f, x, s: f(x, 1, INDEX, s, "prod", include_self=False)),
    "scatter_reduce sum": lambda: (
        "scatter_reduce", (randn(3, 3), randn(3, 3)), lambda f, x, s: f(x, 0, INDEX, s, "sum")),
    "pad 1d": lambda: ("pad", (randn(2, 3, 5),), lambda f, x: f(x, (2, 3), mode="reflect")),
    "pad 3d": lambda: (
        "pad", (randn(1, 2, 3, 4, 3),), lambda f, x: f(x, (1, 2, 3, 0, 1, 1), mode="reflect")),
    "pad constant": lambda: ("pad", (randn(2, 3),), lambda f, x: f(x, (1, 1), value=2.0)),
    "put": lambda: (
        "put", (randn(2, 3), randn(3)),
        lambda f, x, s: f(x, torch.tensor([0, 4, 0]), s, accumulate=True)),
    "median": lambda: ("median", (randn(4, 6),), lambda f, x: f(x, 1)[0]),
    "median kept": lambda: ("median", (randn(4, 5),), lambda f, x: f(x, 0, True)[0]),
}  # fmt: skip


def torchs(name):
    return getattr(F, name, None) or getattr(torch, name)


def results(function, inputs, call):
    leaves = [each.clone().requires_grad_() for each in inputs]
    output = call(function, *leaves)
    weights = torch.linspace(0.5, 1.5, output.numel(), dtype=D).reshape(output.shape)
    (output * weights).sum().backward()
    return output.detach(), [torch.zeros_like(x) if x.grad is None else x.grad for x in leaves]


@pytest.fixture
def lenient():
    """Torch without the policy: its own functions are to run."""
    enable = disable()
    yield
    enable()


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_torchs_within_rounding(case, lenient):
    torch.manual_seed(1)
    name, inputs, call = CASES[case]()
    expected, gradients = results(torchs(name), inputs, call)
    output, ours = results(getattr(deterministic, name), inputs, call)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(ours, gradients)


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_right_and_nothing_raises_under_the_policy(case, torch_handle):
    torch.manual_seed(1)
    name, inputs, call = CASES[case]()
    leaves = [each.clone().requires_grad_() for each in inputs]
    if "nearest" in case and "grid" in case:
        leaves[1].requires_grad_(False)  # a step function of the grid
    function = getattr(deterministic, name)
    assert torch.autograd.gradcheck(lambda *given: call(function, *given), leaves)
    first, again = (results(function, inputs, call) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert all(torch.equal(one, other) for one, other in zip(first[1], again[1], strict=True))


def test_counts_and_sums_of_weights(lenient):
    torch.manual_seed(1)
    values = torch.randn(1000)
    for limits in ({}, {"bins": 10, "min": -1, "max": 1}, {"bins": 7, "min": -3.0, "max": 3.0}):
        assert torch.equal(deterministic.histc(values, **limits), torch.histc(values, **limits))
    index, weights = torch.randint(0, 9, (500,)), torch.rand(500)
    expected = torch.bincount(index, weights, minlength=12)
    torch.testing.assert_close(deterministic.bincount(index, weights, minlength=12), expected)
    assert torch.equal(deterministic.bincount(index), torch.bincount(index))


def test_places_and_odd_values(lenient):
    whole = torch.zeros(2, 2)
    assert deterministic.put_(whole, torch.tensor([3]), torch.ones(1)) is whole
    assert whole[1, 1] == 1
    odd = torch.tensor([[3.0, torch.nan, 1.0], [2.0, 1.0, 3.0]])
    value, place = deterministic.median(odd, 1)
    expected = torch.median(odd, 1)
    torch.testing.assert_close(value, expected.values, equal_nan=True)
    assert torch.equal(place, expected.indices)
    impossible = torch.full((1, 1, 3), -1.0).log_softmax(-1), torch.tensor([[1, 1]]), (1,), (2,)
    assert deterministic.ctc_loss(*impossible) == torch.inf
    assert deterministic.ctc_loss(*impossible, zero_infinity=True) == 0
    with pytest.raises(NotImplementedError, match="bicubic"):
        deterministic.grid_sample(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2), mode="bicubic")


def test_the_linter_knows_each_of_them():
    assert set(deterministic.__all__) == STAND_INS
