"""Recipes: reductions, scans, order, linear algebra, sparse matrices and attention."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from tests.torch_api.inputs import (
    MANY,
    backward,
    gradient,
    integers,
    module_gradient,
    normal,
)
from tests.torch_api.observation import digest, operators
from tests.torch_api.recipe import (
    NothingToSeeError,
    Run,
    Tensors,
    claim,
    neighbour,
    operation,
)


def of_numbers(function: Callable[[torch.Tensor], Tensors], *shape: int) -> Run:
    """A forward run on normal numbers, by default on one long row."""
    return lambda device: function(normal(*(shape or (MANY,)), device=device))


# Histograms and order statistics

operation("histc", name="float")(of_numbers(lambda x: torch.histc(x, 50)))
operation("bincount", name="weights")(
    lambda device: torch.bincount(
        integers(MANY, below=50, device=device), normal(MANY, device=device), 50
    )
)
neighbour("bincount", name="no weights")(
    lambda device: torch.bincount(integers(MANY, below=50, device=device), minlength=50)
)
operation("median with dim", name="dim")(of_numbers(lambda x: tuple(x.median(1)), 64, 99))
operation("nanmedian with dim", name="dim")(of_numbers(lambda x: tuple(x.nanmedian(1)), 64, 99))
operation("median without dim", name="all")(of_numbers(lambda x: (x.median(), x.nanmedian())))
neighbour("median with dim", name="no dim")(of_numbers(torch.median))
neighbour("nanmedian with dim", name="no dim")(of_numbers(torch.nanmedian))


def _ties(device: torch.device) -> torch.Tensor:
    return integers(64, 999, below=4, device=device).float()


operation("kthvalue", "kthvalue (mps)", "kthvalue (before 2.10)", name="ties")(
    lambda d: tuple(_ties(d).kthvalue(99))
)
operation("topk", name="ties")(lambda device: tuple(_ties(device).topk(300)))
operation("mode", name="ties")(lambda device: tuple(_ties(device).mode(1)))
operation("sort stable=False", name="ties")(lambda device: tuple(_ties(device).sort(1)))
operation("unique unsorted", name="sorted=False")(
    lambda device: torch.unique(integers(MANY, below=999, device=device), sorted=False)
)


# Scans

operation("cumsum", "cumsum/cumprod (mps)", name="one row")(of_numbers(lambda x: x.cumsum(0)))
operation("cumsum", name="rows")(of_numbers(lambda x: x.cumsum(1), 64, 999))
operation("cumprod/logcumsumexp", "cumsum/cumprod (mps)", name="cumprod of one row")(
    lambda device: (1 + normal(MANY, device=device) * 1e-8).cumprod(0)
)
operation("cumprod/logcumsumexp", name="logcumsumexp of one row")(
    of_numbers(lambda x: x.logcumsumexp(0))
)


# Sparse matrices


def sparse(*shape: int, device: torch.device) -> torch.Tensor:
    """A COO matrix, some 4 in 5 of whose values are zero."""
    dense = normal(*shape, device=device)
    return dense.where(normal(*shape, device=device, seed=7) > 30, 0.0).to_sparse()


operation("bmm sparse-dense", name="coo", reaches=("bmm",))(
    lambda d: torch.bmm(sparse(2, 99, 88, device=d), normal(2, 88, 7, device=d))
)
operation("sparse coo/csr matmul", "sparse matmul by dense names", name="coo")(
    lambda d: (
        torch.sparse.mm(sparse(99, 88, device=d), normal(88, 7, device=d)),
        torch.mm(sparse(99, 88, device=d), normal(88, 7, device=d)),
    )
)
operation("sparse coo/csr matmul", name="csr")(
    lambda d: sparse(99, 88, device=d).to_sparse_csr() @ normal(88, 7, device=d)
)
operation("sparse matvec", name="csr")(
    lambda d: sparse(99, 88, device=d).to_sparse_csr() @ normal(88, device=d)
)


@operation("sparse coalesce")
def coalesce_with_duplicates(device: torch.device) -> Tensors:
    places = integers(2, 40_000, below=50, device=device)
    return torch.sparse_coo_tensor(places, normal(40_000, device=device), (50, 50)).coalesce()


# Dense linear algebra

operation("gemm split-k", name="mm backward", reaches=("mm",))(
    gradient(lambda x: x @ x.mT.contiguous(), 129, 257)
)
operation("gemm split-k", name="linear")(module_gradient(lambda: nn.Linear(257, 65), 129, 257))
operation("gemm split-k", name="bmm")(gradient(lambda x: torch.bmm(x, x.mT), 3, 65, 129))


@claim("gemm batch-size dependence")
def a_row_has_other_bits_alone_than_in_a_batch(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    differ = []
    for inner in (33, 129, 513, 1027):
        rows, weight = normal(65, inner, device=device), normal(inner, 33, device=device)
        differ.append(digest(rows[:1] @ weight) != digest((rows @ weight)[:1]))
    if not any(differ):
        raise NothingToSeeError("the library has one kernel for all these shapes")


operation("fft", name="rfft and istft")(
    of_numbers(
        lambda x: (
            torch.fft.rfft(x),
            torch.istft(
                torch.stft(
                    x, 256, window=torch.hann_window(256, device=x.device), return_complex=True
                ),
                256,
                window=torch.hann_window(256, device=x.device),
            ),
        ),
        8192,
    )
)
operation("linalg decompositions", name="svd and eigh")(
    of_numbers(
        lambda x: (*torch.linalg.svd(x), *torch.linalg.eigh(x @ x.mT), *torch.linalg.qr(x)), 40, 40
    )
)


@claim("linalg decompositions", devices=("cpu", "cuda"))
def signs_of_singular_vectors_are_not_unique(device: torch.device) -> None:
    matrix = normal(6, 6, device=device).double()
    u, s, vh = torch.linalg.svd(matrix)
    flipped = (-u) @ torch.diag(s) @ (-vh)
    assert torch.allclose(flipped, matrix)


# The bits of the CPU depend on how many threads share the work


def bits_by_threads(run: Run, device: torch.device) -> int:
    """How many different results one to four threads give."""
    seen = set()
    for threads in (1, 2, 3, 4):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        seen.add(digest(run(device)))
    return len(seen)


def needs_onednn() -> None:
    if not torch.backends.mkldnn.is_available():
        raise NothingToSeeError("this build of torch has no oneDNN")


LONG = 3_000_001


@claim("reductions vs threads", "loss reduction vs threads", "thread counts")
def sums_depend_on_the_number_of_threads(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    x = normal(LONG, device=device)
    assert bits_by_threads(lambda _: x.sum(), device) > 1
    assert bits_by_threads(lambda _: x.mean(), device) > 1
    assert bits_by_threads(lambda _: x.nansum(), device) > 1
    assert bits_by_threads(lambda _: F.mse_loss(x, x * 0.5), device) > 1
    assert bits_by_threads(lambda _: F.l1_loss(x, x * 0.5), device) > 1
    assert bits_by_threads(lambda _: x.cumsum(0), device) == 1  # one thread does it all


operation("reductions vs threads", "loss reduction vs threads", name="sum", threads=4)(
    of_numbers(lambda x: (x.sum(), x.mean(), F.mse_loss(x, x * 0.5)))
)


@claim("conv weight grad vs threads")
def weight_gradients_of_a_convolution_depend_on_the_number_of_threads(
    device: torch.device,
) -> None:
    needs_onednn()
    torch.use_deterministic_algorithms(True)
    run = module_gradient(lambda: nn.Conv2d(16, 32, 3), 8, 16, 40, 40)
    assert bits_by_threads(run, device) > 1


operation("conv weight grad vs threads", name="2d", threads=4)(
    module_gradient(lambda: nn.Conv2d(4, 8, 3), 8, 4, 20, 20)
)


@claim("layer_norm grad vs threads")
def weight_gradients_of_layer_norm_depend_on_the_number_of_threads(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    assert bits_by_threads(module_gradient(lambda: nn.LayerNorm(100), 3000, 100), device) > 1
    groups = module_gradient(lambda: nn.GroupNorm(4, 32), 16, 32, 10, 10)
    assert bits_by_threads(groups, device) == 1


operation("layer_norm grad vs threads", name="rows", threads=4)(
    module_gradient(lambda: nn.LayerNorm(100), 3000, 100)
)


@claim("mkldnn on/off")
def turning_onednn_off_changes_the_bits_of_a_convolution(device: torch.device) -> None:
    needs_onednn()
    run = module_gradient(lambda: nn.Conv2d(16, 32, 3), 4, 16, 32, 32)
    torch.manual_seed(0)
    on = digest(run(device))
    torch.manual_seed(0)
    with torch.backends.mkldnn.flags(enabled=False):
        off = digest(run(device))
    assert off != on


# Memory that overlaps


@operation("in-place on overlapping memory")
def writing_through_a_view_that_overlaps_itself(device: torch.device) -> Tensors:
    x = torch.zeros(1, device=device)
    view = x.as_strided((3,), (0,))
    view.index_put_((torch.arange(3, device=device),), torch.arange(3.0, device=device))
    return x


@claim("in-place on overlapping memory", devices=("cpu", "cuda"))
def expanded_tensors_refuse_most_writes_and_others_go_through(device: torch.device) -> None:
    expanded = torch.zeros(1, device=device).expand(3)
    with pytest.raises(RuntimeError, match="more than one element"):
        expanded.add_(1)
    overlapping = torch.zeros(4, device=device).as_strided((3, 2), (1, 1))
    overlapping.copy_(torch.arange(6.0, device=device).reshape(3, 2))  # nothing warns of it


# Attention and recurrent layers


def _attention(backend: SDPBackend | None, dtype: torch.dtype) -> Run:
    def run(device: torch.device) -> Tensors:
        q, k, v = (
            torch.randn(2, 4, 512, 64, generator=torch.Generator().manual_seed(seed))
            .to(device, dtype)
            .requires_grad_()
            for seed in (1, 2, 3)
        )
        if backend is None or device.type == "cpu":
            return backward(F.scaled_dot_product_attention(q, k, v), q, k, v)
        with sdpa_kernel([backend]):
            return backward(F.scaled_dot_product_attention(q, k, v), q, k, v)

    return run


operation("sdpa flash backward", name="flash")(
    _attention(SDPBackend.FLASH_ATTENTION, torch.bfloat16)
)
operation("sdpa efficient backward", name="mem_efficient")(
    _attention(SDPBackend.EFFICIENT_ATTENTION, torch.bfloat16)
)
operation("sdpa backend choice", name="default")(_attention(None, torch.bfloat16))
operation("sdpa backend choice", name="math")(_attention(SDPBackend.MATH, torch.float32))


@claim("attention dropout", devices=("cpu", "cuda"))
def dropout_of_attention_draws_from_the_default_generator(device: torch.device) -> None:
    q = torch.randn(1, 2, 16, 8, device=device)

    def drop() -> str:
        return digest(F.scaled_dot_product_attention(q, q, q, dropout_p=0.5))

    torch.manual_seed(0)
    first, second = drop(), drop()
    torch.manual_seed(0)
    assert first == drop()
    assert first != second
    assert digest(F.scaled_dot_product_attention(q, q, q)) == digest(
        F.scaled_dot_product_attention(q, q, q)
    )


operation("rnn cudnn", name="lstm")(module_gradient(lambda: nn.LSTM(16, 16, 2), 30, 8, 16))
operation("rnn cudnn", name="gru")(module_gradient(lambda: nn.GRU(16, 16, 2), 30, 8, 16))


@claim("rnn dropout", devices=("cpu", "cuda"))
def dropout_between_layers_needs_two_layers(device: torch.device) -> None:
    x = torch.randn(5, 2, 4, device=device)
    deep = nn.LSTM(4, 4, num_layers=2, dropout=0.5).to(device)
    torch.manual_seed(0)
    first, second = digest(deep(x)[0]), digest(deep(x)[0])
    assert first != second
    deep.eval()
    assert digest(deep(x)[0]) == digest(deep(x)[0])


@claim("mha fastpath")
def attention_takes_another_path_when_nothing_is_trained(device: torch.device) -> None:
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    x = torch.randn(2, 5, 16)
    before = torch.backends.mha.get_fastpath_enabled()
    try:
        seen = []
        for enabled in (True, False):
            torch.backends.mha.set_fastpath_enabled(enabled)
            with torch.inference_mode():
                seen.append(operators(lambda _: layer(x), device))
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    fast = "_transformer_encoder_layer_fwd"
    assert [fast in each for each in seen] == [True, False]
