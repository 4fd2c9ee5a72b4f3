"""Recipes: layers and losses. What decides is mostly which operator their gradient runs."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from tests.torch_api.inputs import backward, gradient, integers, module_gradient, normal
from tests.torch_api.observation import (
    deterministic_algorithms,
    operators,
    operators_on_cuda,
)
from tests.torch_api.recipe import Run, Tensors, claim, neighbour, operation, route

LINE, IMAGE, VOLUME = (2, 4, 33), (2, 4, 17, 17), (2, 4, 9, 9, 9)
"""Odd sizes, so that windows of pooling and interpolation overlap."""


def flag_off(
    layer: Callable[[torch.Tensor], torch.Tensor],
) -> Callable[[torch.Tensor], torch.Tensor]:
    """``layer`` with deterministic mode off in its forward pass only."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        with deterministic_algorithms(False):
            return layer(x)

    return forward


def on_fake_cuda(layer: Callable[[torch.Tensor], torch.Tensor], *shape: int) -> frozenset[str]:
    """The operators of a forward pass on CUDA tensors."""
    return operators_on_cuda(lambda device: layer(torch.randn(shape, device=device)))


def decomposes(
    layer: Callable[[torch.Tensor], torch.Tensor], shape: tuple[int, ...], operator: str
) -> None:
    """Assert that deterministic mode keeps a forward pass on CUDA away from ``operator``."""
    with deterministic_algorithms(False):
        assert operator in on_fake_cuda(layer, *shape)
    with deterministic_algorithms(True):
        assert operator not in on_fake_cuda(layer, *shape)


# Convolution

_CONVOLUTIONS: tuple[tuple[Callable[[], nn.Module], tuple[int, ...]], ...] = (
    (lambda: nn.Conv1d(4, 8, 3), LINE),
    (lambda: nn.Conv2d(4, 8, 3), IMAGE),
    (lambda: nn.Conv3d(4, 8, 3), VOLUME),
)
_TRANSPOSED: tuple[tuple[Callable[[], nn.Module], tuple[int, ...]], ...] = (
    (lambda: nn.ConvTranspose1d(4, 8, 3), LINE),
    (lambda: nn.ConvTranspose2d(4, 8, 3), IMAGE),
    (lambda: nn.ConvTranspose3d(4, 8, 3), VOLUME),
)
for _build, _shape in _CONVOLUTIONS:
    operation("convolution", name=f"{len(_shape) - 2}d", reaches=("convolution_backward",))(
        module_gradient(_build, *_shape)
    )
for _build, _shape in _TRANSPOSED:
    operation("conv_transpose", name=f"{len(_shape) - 2}d", reaches=("convolution_backward",))(
        module_gradient(_build, *_shape)
    )
for _module, _shape in (
    (lambda: nn.Conv1d(4, 8, 3, padding=1, padding_mode="replicate"), LINE),
    (lambda: nn.Conv2d(4, 8, 3, padding=1, padding_mode="replicate"), IMAGE),
    (lambda: nn.Conv3d(4, 8, 3, padding=1, padding_mode="replicate"), VOLUME),
):
    operation("conv padding_mode=replicate", name=f"{len(_shape) - 2}d")(
        module_gradient(_module, *_shape)
    )
for _module, _shape in (
    (lambda: nn.Conv1d(4, 8, 3, padding=1, padding_mode="reflect"), LINE),
    (lambda: nn.Conv3d(4, 8, 3, padding=1, padding_mode="reflect"), VOLUME),
):
    operation(
        "conv padding_mode=reflect",
        name=f"{len(_shape) - 2}d",
        reaches=(f"reflection_pad{len(_shape) - 2}d_backward",),
    )(module_gradient(_module, *_shape))
neighbour("conv padding_mode=reflect", name="2d")(
    module_gradient(lambda: nn.Conv2d(4, 8, 3, padding=1, padding_mode="reflect"), *IMAGE)
)
neighbour("conv padding_mode=reflect", name="circular")(
    module_gradient(lambda: nn.Conv1d(4, 8, 3, padding=1, padding_mode="circular"), *LINE)
)


@route("conv padding_mode=replicate")
def padding_of_a_convolution_is_taken_apart(device: torch.device) -> None:
    layer = nn.Conv2d(4, 8, 3, padding=1, padding_mode="replicate", device="meta")
    decomposes(lambda x: _convolve(layer, x), IMAGE, "replication_pad2d")


@route("conv padding_mode=reflect")
def reflected_padding_of_a_convolution_is_one_operator(device: torch.device) -> None:
    layer = nn.Conv1d(4, 8, 3, padding=1, padding_mode="reflect", device="meta")
    with deterministic_algorithms(True):
        assert "reflection_pad1d" in on_fake_cuda(lambda x: _convolve(layer, x), *LINE)


def _convolve(layer: nn.Conv1d | nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
    """The forward pass with another weight: CUDA itself would have to initialise the layer's."""
    weight = torch.ones(layer.weight.shape, device=x.device)
    result: torch.Tensor = layer._conv_forward(x, weight, None)
    return result


# Padding


def _pad(mode: str, dimensions: int) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: F.pad(x, (2, 3) * dimensions, mode=mode)


_NATIVE_REPLICATION = {
    1: lambda x: torch.ops.aten.replication_pad1d(x, (2, 3)),
    2: lambda x: torch.ops.aten.replication_pad2d(x, (2, 3, 2, 3)),
    3: lambda x: torch.ops.aten.replication_pad3d(x, (2, 3, 2, 3, 2, 3)),
}
for _dimensions, _shape in ((1, LINE), (2, IMAGE), (3, VOLUME)):
    _title = f"{_dimensions}d"
    operation("replication_pad", name=_title)(gradient(_pad("replicate", _dimensions), *_shape))
    operation(
        "replication_pad direct",
        name=f"{_title} native",
        reaches=(f"replication_pad{_dimensions}d_backward",),
    )(gradient(_NATIVE_REPLICATION[_dimensions], *_shape))
    operation(
        "replication_pad late flag",
        name=_title,
        reaches=(f"replication_pad{_dimensions}d_backward",),
    )(gradient(flag_off(_pad("replicate", _dimensions)), *_shape))
    operation(
        f"reflection_pad{_title}",
        name="reflect",
        reaches=(f"reflection_pad{_dimensions}d_backward",),
    )(gradient(_pad("reflect", _dimensions), *_shape))
    for _mode in ("circular", "constant"):
        operation("pad circular/constant", name=f"{_mode} {_title}")(
            gradient(_pad(_mode, _dimensions), *_shape)
        )
        neighbour(f"reflection_pad{_title}", name=_mode)(
            gradient(_pad(_mode, _dimensions), *_shape)
        )


@route("replication_pad", "replication_pad late flag")
def replication_is_taken_apart_on_cuda(device: torch.device) -> None:
    for dimensions, shape in ((1, LINE), (2, IMAGE), (3, VOLUME)):
        decomposes(_pad("replicate", dimensions), shape, f"replication_pad{dimensions}d")


@route("pad circular/constant")
def circular_and_constant_padding_have_no_operator_that_alerts(device: torch.device) -> None:
    for mode in ("circular", "constant"):
        seen = operators(gradient(_pad(mode, 2), *IMAGE), device)
        assert not {name for name in seen if "reflection" in name or "replication" in name}


# Pooling

for _entry, _layer, _shape, _backward in (
    ("avg_pool3d", lambda x: F.avg_pool3d(x, 3, 1), VOLUME, "avg_pool3d_backward"),
    ("lp_pool3d", lambda x: F.lp_pool3d(x, 2.0, 3, 1), VOLUME, "avg_pool3d_backward"),
    (
        "adaptive_avg_pool1d",
        lambda x: F.adaptive_avg_pool1d(x, 5),
        LINE,
        "_adaptive_avg_pool2d_backward",
    ),
    (
        "adaptive_avg_pool2d",
        lambda x: F.adaptive_avg_pool2d(x, (5, 3)),
        IMAGE,
        "_adaptive_avg_pool2d_backward",
    ),
    (
        "adaptive_avg_pool3d",
        lambda x: F.adaptive_avg_pool3d(x, (5, 3, 2)),
        VOLUME,
        "_adaptive_avg_pool3d_backward",
    ),
    (
        "adaptive_max_pool1d",
        lambda x: F.adaptive_max_pool1d(x, 5),
        LINE,
        "adaptive_max_pool2d_backward",
    ),
    (
        "adaptive_max_pool2d",
        lambda x: F.adaptive_max_pool2d(x, (5, 3)),
        IMAGE,
        "adaptive_max_pool2d_backward",
    ),
    (
        "adaptive_max_pool3d",
        lambda x: F.adaptive_max_pool3d(x, (5, 4, 2)),
        VOLUME,
        "adaptive_max_pool3d_backward",
    ),
    (
        "fractional_max_pool2d",
        lambda x: F.fractional_max_pool2d(x, 3, output_size=(5, 5)),
        IMAGE,
        "fractional_max_pool2d_backward",
    ),
    (
        "fractional_max_pool3d",
        lambda x: F.fractional_max_pool3d(x, 3, output_size=(4, 4, 4)),
        VOLUME,
        "fractional_max_pool3d_backward",
    ),
    (
        "max_pool3d default",
        lambda x: F.max_pool3d(x, 3, 1),
        VOLUME,
        "max_pool3d_with_indices_backward",
    ),
    ("max_pool1d/2d", lambda x: F.max_pool1d(x, 3, 1), LINE, "max_pool2d_with_indices_backward"),
    ("max_pool1d/2d", lambda x: F.max_pool2d(x, 3, 1), IMAGE, "max_pool2d_with_indices_backward"),
):
    operation(_entry, name=f"{len(_shape) - 2}d", reaches=(_backward,))(gradient(_layer, *_shape))

for _entry, _layer, _shape in (
    ("adaptive_avg_pool1d", lambda x: F.adaptive_avg_pool1d(x, 1), LINE),
    ("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, 1), IMAGE),
    ("adaptive_avg_pool3d", lambda x: F.adaptive_avg_pool3d(x, 1), VOLUME),
    ("avg_pool3d", lambda x: F.avg_pool2d(x.flatten(1, 2), 3, 1), VOLUME),
):
    neighbour(_entry, name="one value")(gradient(_layer, *_shape))
operation("adaptive_max_pool2d", name="output_size=1", reaches=("adaptive_max_pool2d_backward",))(
    gradient(lambda x: F.adaptive_max_pool2d(x, 1), *IMAGE)
)
neighbour("adaptive_max_pool3d", name="sizes divide")(
    gradient(lambda x: F.adaptive_max_pool3d(x, 3), *VOLUME)
)


@route("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def pooling_to_one_value_is_a_mean(device: torch.device) -> None:
    for layer, shape in (
        (lambda x: F.adaptive_avg_pool1d(x, 1), LINE),
        (lambda x: F.adaptive_avg_pool2d(x, 1), IMAGE),
        (lambda x: F.adaptive_avg_pool3d(x, 1), VOLUME),
    ):
        seen = operators(gradient(layer, *shape), device)
        assert not {name for name in seen if "adaptive" in name}, seen


def _indexed_max_pool3d(x: torch.Tensor) -> torch.Tensor:
    pooled: torch.Tensor = F.max_pool3d(x, 3, 1, return_indices=True)[0]
    return pooled


operation(
    "max_pool3d return_indices=True", "max_pool3d return_indices=True (before 2.13)", name="3d"
)(gradient(_indexed_max_pool3d, *VOLUME))


@route("max_pool3d return_indices=True")
def pooling_with_indices_is_taken_apart_on_cuda(device: torch.device) -> None:
    decomposes(_indexed_max_pool3d, VOLUME, "max_pool3d_with_indices")


@route("max_pool3d default")
def pooling_without_indices_is_one_operator_on_cuda(device: torch.device) -> None:
    with deterministic_algorithms(True):
        seen = on_fake_cuda(lambda x: F.max_pool3d(x, 3, 1), *VOLUME)
    assert "max_pool3d_with_indices" in seen


def _max_unpool(dimensions: int) -> Run:
    unpool = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[dimensions - 1]

    def run(device: torch.device) -> Tensors:
        x = torch.ones(1, 1, *[2] * dimensions, device=device)
        places = torch.arange(x.numel(), device=device).reshape(x.shape)
        return unpool(x, places, [2] * dimensions)

    return run


for _dimensions in (1, 2, 3):
    operation("max_unpool", "max_unpool (mps)", name=f"{_dimensions}d")(_max_unpool(_dimensions))
operation("3-d pooling backward (mps)", name="max")(
    gradient(lambda x: F.max_pool3d(x, 3, 1), *VOLUME)
)
operation("3-d pooling backward (mps)", name="average")(
    gradient(lambda x: F.avg_pool3d(x, 3, 1), *VOLUME)
)


# Interpolation


def _interpolate(mode: str, *, antialias: bool = False) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: F.interpolate(x, scale_factor=1.7, mode=mode, antialias=antialias)


_area = "_adaptive_avg_pool2d_backward"
for _entry, _layer, _shape, _reaches in (
    ("interpolate linear", _interpolate("linear"), LINE, ("upsample_linear1d_backward",)),
    ("interpolate bicubic", _interpolate("bicubic"), IMAGE, ("upsample_bicubic2d_backward",)),
    (
        "interpolate antialias",
        _interpolate("bilinear", antialias=True),
        IMAGE,
        ("_upsample_bilinear2d_aa_backward",),
    ),
    (
        "interpolate antialias",
        _interpolate("bicubic", antialias=True),
        IMAGE,
        ("_upsample_bicubic2d_aa_backward",),
    ),
    ("interpolate area", _interpolate("area"), LINE, (_area,)),
    ("interpolate area", _interpolate("area"), IMAGE, (_area,)),
    ("interpolate area", _interpolate("area"), VOLUME, ("_adaptive_avg_pool3d_backward",)),
    ("interpolate bilinear", _interpolate("bilinear"), IMAGE, ()),
    ("interpolate trilinear", _interpolate("trilinear"), VOLUME, ()),
    ("interpolate trilinear (before 2.8)", _interpolate("trilinear"), VOLUME, ()),
    ("interpolate nearest", _interpolate("nearest"), LINE, ("upsample_nearest1d_backward",)),
    ("interpolate nearest", _interpolate("nearest"), IMAGE, ("upsample_nearest2d_backward",)),
    ("interpolate nearest", _interpolate("nearest"), VOLUME, ("upsample_nearest3d_backward",)),
    (
        "interpolate nearest",
        _interpolate("nearest-exact"),
        IMAGE,
        ("_upsample_nearest_exact2d_backward",),
    ),
    (
        "upsample_bilinear2d/trilinear3d direct",
        lambda x: torch.ops.aten.upsample_bilinear2d(x, (29, 29), False),
        IMAGE,
        ("upsample_bilinear2d_backward",),
    ),
    (
        "upsample_bilinear2d/trilinear3d direct",
        lambda x: torch.ops.aten.upsample_trilinear3d(x, (15, 15, 15), False),
        VOLUME,
        ("upsample_trilinear3d_backward",),
    ),
    (
        "interpolate bilinear/trilinear late flag",
        flag_off(_interpolate("bilinear")),
        IMAGE,
        ("upsample_bilinear2d_backward",),
    ),
    (
        "interpolate bilinear/trilinear late flag",
        flag_off(_interpolate("trilinear")),
        VOLUME,
        ("upsample_trilinear3d_backward",),
    ),
    ("interpolate backward (mps)", _interpolate("bicubic"), IMAGE, ()),
    ("interpolate backward (mps)", _interpolate("trilinear"), VOLUME, ()),
    ("interpolate backward (mps)", _interpolate("nearest"), VOLUME, ()),
):
    operation(_entry, name=f"{len(_shape) - 2}d {_reaches}", reaches=_reaches)(
        gradient(_layer, *_shape)
    )
for _mode, _shape in (("nearest", LINE), ("nearest", IMAGE)):
    _entry = "interpolate linear" if _shape is LINE else "interpolate bicubic"
    neighbour(_entry, name="nearest")(gradient(_interpolate(_mode), *_shape))


@route("interpolate bilinear", "interpolate trilinear")
def bilinear_and_trilinear_are_taken_apart_on_cuda(device: torch.device) -> None:
    decomposes(_interpolate("bilinear"), IMAGE, "upsample_bilinear2d")
    decomposes(_interpolate("trilinear"), VOLUME, "upsample_trilinear3d")


@route("interpolate linear", "interpolate bicubic", "interpolate antialias", "interpolate area")
def other_interpolations_stay_one_operator_on_cuda(device: torch.device) -> None:
    with deterministic_algorithms(True):
        assert "upsample_linear1d" in on_fake_cuda(_interpolate("linear"), *LINE)
        assert "upsample_bicubic2d" in on_fake_cuda(_interpolate("bicubic"), *IMAGE)
        antialiased = on_fake_cuda(_interpolate("bilinear", antialias=True), *IMAGE)
        assert "_upsample_bilinear2d_aa" in antialiased
        assert "_adaptive_avg_pool2d" in on_fake_cuda(_interpolate("area"), *IMAGE)


# Sampling, embeddings, normalisation


def _grid_sample(mode: str, *shape: int) -> Run:
    def run(device: torch.device) -> Tensors:
        x = normal(*shape, device=device).requires_grad_()
        size = (shape[0], *[9] * (len(shape) - 2), len(shape) - 2)
        grid = torch.rand(size, generator=torch.Generator().manual_seed(3)).mul(2).sub(1)
        sampled = F.grid_sample(x, grid.to(device), mode=mode, align_corners=False)
        return backward(sampled, x)

    return run


for _mode in ("bilinear", "nearest", "bicubic"):
    operation("grid_sample", "grid_sample (mps)", name=f"{_mode} 2d")(_grid_sample(_mode, *IMAGE))
operation("grid_sample", "grid_sample (mps)", name="bilinear 3d")(_grid_sample("bilinear", *VOLUME))


def _embedding(device: torch.device) -> Tensors:
    weight = normal(12, 8, device=device).requires_grad_()
    return backward(F.embedding(integers(20_000, below=12, device=device), weight), weight)


operation("embedding backward", name="few rows", reaches=("embedding_dense_backward",))(_embedding)
operation("embedding backward (mps)", name="few rows")(_embedding)


@operation("embedding max_norm")
def embedding_that_renormalises(device: torch.device) -> Tensors:
    weight = normal(12, 8, device=device)
    found = F.embedding(integers(50, below=12, device=device), weight, max_norm=1.0)
    return found, weight


@claim("embedding max_norm", devices=("cpu", "cuda"))
def renormalising_writes_to_the_weight(device: torch.device) -> None:
    weight = torch.full((4, 3), 9.0, device=device)
    index = torch.tensor([1], device=device)
    F.embedding(index, weight, max_norm=1.0)
    F.embedding_bag(index[None], weight + 0, max_norm=1.0)
    assert weight[1].norm() < 1.01
    assert weight[0].norm() > 9


def _embedding_bag(mode: str) -> Run:
    def run(device: torch.device) -> Tensors:
        weight = normal(12, 8, device=device).requires_grad_()
        return backward(
            F.embedding_bag(integers(4000, 5, below=12, device=device), weight, mode=mode), weight
        )

    return run


operation("embedding_bag max", name="max", reaches=("_embedding_bag_backward",))(
    _embedding_bag("max")
)


@operation("embedding_bag max direct")
def embedding_bag_below_functional(device: torch.device) -> Tensors:
    weight = normal(12, 8, device=device).requires_grad_()
    index = integers(20_000, below=12, device=device)
    offsets = torch.arange(0, 20_000, 5, device=device)
    return backward(torch.embedding_bag(weight, index, offsets, mode=2)[0], weight)


for _mode in ("sum", "mean"):
    operation("embedding_bag sum/mean", "embedding_bag (mps)", name=_mode)(_embedding_bag(_mode))
    neighbour("embedding_bag max", name=_mode)(_embedding_bag(_mode))


@operation("sparse_grad")
def gradients_as_sparse_tensors(device: torch.device) -> Tensors:
    weight = normal(12, 8, device=device).requires_grad_()
    index = integers(64, below=12, device=device)
    return backward(F.embedding(index, weight, sparse=True), weight)


@claim("sparse_grad", devices=("cpu", "cuda"))
def sparse_gradients_are_not_coalesced(device: torch.device) -> None:
    weight = torch.ones(4, 3, device=device, requires_grad=True)
    F.embedding(torch.tensor([1, 1], device=device), weight, sparse=True).sum().backward()
    x = torch.ones(4, device=device, requires_grad=True)
    torch.gather(x, 0, torch.tensor([1, 1], device=device), sparse_grad=True).sum().backward()
    for grad in (weight.grad, x.grad):
        assert grad is not None
        assert grad.is_sparse
        assert not grad.is_coalesced()
        assert grad._nnz() == 2


operation("batch_norm", name="2d", reaches=("native_batch_norm_backward",))(
    module_gradient(lambda: nn.BatchNorm2d(4), *IMAGE)
)
operation("batch_norm", name="channels last")(
    gradient(
        lambda x: F.batch_norm(
            x.contiguous(memory_format=torch.channels_last), None, None, training=True
        ),
        *IMAGE,
    )
)


# Losses


def _class_loss(*shape: int, reduction: str, flat: bool = False) -> Run:
    def run(device: torch.device) -> Tensors:
        logits = normal(*shape, device=device).requires_grad_()
        target = integers(shape[0], *shape[2:], below=shape[1], device=device)
        scores = logits.movedim(1, -1).flatten(0, -2) if flat else logits
        target = target.flatten() if flat else target
        return backward(F.cross_entropy(scores, target, reduction=reduction), logits)

    return run


for _reduction in ("mean", "sum"):
    for _shape in (LINE, IMAGE, VOLUME):
        operation(
            "nll_loss2d",
            name=f"{_reduction} of {len(_shape)} dimensions",
            reaches=("nll_loss2d_forward",),
        )(_class_loss(*_shape, reduction=_reduction))


def _native_class_loss(native: Callable[..., torch.Tensor]) -> Run:
    def run(device: torch.device) -> Tensors:
        scores = normal(*IMAGE, device=device).log_softmax(1).detach().requires_grad_()
        target = integers(IMAGE[0], *IMAGE[2:], below=IMAGE[1], device=device)
        return backward(native(scores, target, None, 1, -100), scores)

    return run


operation("nll_loss2d direct", name="mean", reaches=("nll_loss2d_forward",))(
    _native_class_loss(torch.ops.aten.nll_loss2d)
)
operation("nll_loss_nd direct", name="mean", reaches=("nll_loss2d_forward",))(
    _native_class_loss(torch.ops.aten.nll_loss_nd)
)
operation("nll_loss 1-d / probability targets", name="flat", reaches=("nll_loss_forward",))(
    _class_loss(*IMAGE, reduction="mean", flat=True)
)
operation("nll_loss 1-d / probability targets", name="reduction=none")(
    _class_loss(*IMAGE, reduction="none")
)
neighbour("nll_loss2d", name="flat")(_class_loss(*IMAGE, reduction="mean", flat=True))
neighbour("nll_loss2d", name="reduction=none")(_class_loss(*IMAGE, reduction="none"))


@operation("nll_loss 1-d / probability targets")
def probabilities_as_targets(device: torch.device) -> Tensors:
    logits = normal(*IMAGE, device=device).requires_grad_()
    target = normal(*IMAGE, device=device, seed=5).softmax(1)
    return backward(F.cross_entropy(logits, target), logits)


@route("nll_loss 1-d / probability targets")
def flat_and_soft_targets_avoid_the_operator_that_alerts(device: torch.device) -> None:
    assert "nll_loss2d_forward" not in operators(probabilities_as_targets, device)
    flat = _class_loss(*IMAGE, reduction="mean", flat=True)
    assert "nll_loss2d_forward" not in operators(flat, device)


def _ctc_loss(*, for_cudnn: bool) -> Run:
    """With targets and lengths that cuDNN takes, or that it leaves to the native kernel."""

    def run(device: torch.device) -> Tensors:
        logits = normal(24, 4, 9, device=device).requires_grad_()
        place = torch.device("cpu") if for_cudnn else device
        dtype = torch.int32 if for_cudnn else torch.int64
        target = (integers(4, 7, below=8, device=place) + 1).to(dtype)
        frames, symbols = (torch.full((4,), n, dtype=dtype, device=place) for n in (24, 7))
        labels = target.flatten() if for_cudnn else target
        return backward(F.ctc_loss(logits.log_softmax(2), labels, frames, symbols), logits)

    return run


operation("ctc_loss", name="native", reaches=("_ctc_loss_backward",))(_ctc_loss(for_cudnn=False))
operation("ctc_loss cudnn", name="flat int32 targets")(_ctc_loss(for_cudnn=True))
neighbour("ctc_loss", name="flat int32 targets")(_ctc_loss(for_cudnn=True))
