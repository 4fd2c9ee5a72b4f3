"""Recipes: reading and writing by index, and the gradients of both."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import torch

from tests.torch_api.inputs import MANY, backward, gradient, integers, normal
from tests.torch_api.observation import operators
from tests.torch_api.recipe import Run, Tensors, neighbour, operation, route

THREADS = 4
SLOTS = 50


def target(device: torch.device) -> torch.Tensor:
    return torch.zeros(SLOTS, device=device)


def writes(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Where to write and what: every slot is written thousands of times."""
    return integers(MANY, below=SLOTS, device=device), normal(MANY, device=device)


@operation("index backward (cpu)", "index backward (cuda)", threads=THREADS)
@operation("gather/index backward (mps)", reaches=("index_put",))
def getitem_backward(device: torch.device) -> Tensors:
    index, _ = writes(device)
    x = normal(SLOTS, device=device).requires_grad_()
    return backward(x[index], x)


@operation("index_put accumulate=False", "index_put accumulate=False (mps)", threads=THREADS)
def index_put_with_duplicates(device: torch.device) -> Tensors:
    index, values = writes(device)
    assigned = target(device)
    assigned[index] = values
    return target(device).index_put_((index,), values), assigned


@operation("index_put accumulate=True (cpu)", "index_put accumulate=True (cuda)", threads=THREADS)
@operation("index_put accumulate=True (mps)")
def index_put_adding(device: torch.device) -> Tensors:
    index, values = writes(device)
    return target(device).index_put_((index,), values, accumulate=True)


@operation("index_put scalar value (cuda)")
def index_put_one_value(device: torch.device) -> Tensors:
    index, _ = writes(device)
    x = target(device)
    x[index] = 1.5
    return x, target(device).index_put_((index,), torch.tensor(2.5, device=device))


@operation("put_ accumulate=True (cpu)", "put_ accumulate=True (cuda)", threads=THREADS)
def put_adding(device: torch.device) -> Tensors:
    index, values = writes(device)
    return target(device).put_(index, values, accumulate=True)


@operation("put_ accumulate=False")
def put_without_duplicates(device: torch.device) -> Tensors:
    return target(device).put_(torch.arange(3, device=device), torch.ones(3, device=device))


@operation("put_ accumulate=False")
def put_out_of_place(device: torch.device) -> Tensors:
    index, values = writes(device)
    return torch.put(target(device), index, values)


@operation("take backward", reaches=("put",))
def take_backward(device: torch.device) -> Tensors:
    index, _ = writes(device)
    x = normal(SLOTS, device=device).requires_grad_()
    return backward(torch.take(x, index), x)


@neighbour("take backward")
def take_forward(device: torch.device) -> Tensors:
    index, _ = writes(device)
    return torch.take(normal(SLOTS, device=device), index)


def _put_gradient(device: torch.device, *, leaf: str) -> Tensors:
    """The gradient of put, whose forward runs before the flag is on: it would alert itself."""
    index, values = writes(device)
    into = target(device).requires_grad_(leaf == "self")
    values.requires_grad_(leaf == "source")
    strict = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        result = into.put(index, values)
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warn_only)
    return backward(result, into, values)


@operation("put backward", reaches=("put",))
def put_backward_of_self(device: torch.device) -> Tensors:
    return _put_gradient(device, leaf="self")


@operation("scatter_add", "scatter_reduce (mps)", "scatter_add broadcast index (cpu)", threads=4)
def scatter_add(device: torch.device) -> Tensors:
    index, values = writes(device)
    rows = values.reshape(-1, 4)
    columns = index[: len(rows)].unsqueeze(1).expand_as(rows)
    flat = target(device).scatter_add(0, index, values)
    return flat, torch.zeros(SLOTS, 4, device=device).scatter_add(0, columns, rows)


@operation("gather backward", "gather/index backward (mps)", reaches=("scatter_add",))
def gather_backward(device: torch.device) -> Tensors:
    index, _ = writes(device)
    x = normal(SLOTS, device=device).requires_grad_()
    return backward(torch.gather(x, 0, index), x)


@operation("take_along_dim backward", reaches=("gather", "scatter_add"))
def take_along_dim_backward(device: torch.device) -> Tensors:
    index, _ = writes(device)
    x = normal(SLOTS, device=device).requires_grad_()
    return backward(torch.take_along_dim(x, index, 0), x)


@operation("index_add", "index_add (mps)", threads=THREADS)
def index_add(device: torch.device) -> Tensors:
    index, values = writes(device)
    return target(device).index_add(0, index, values)


@operation("index_select backward", reaches=("index_add",))
def index_select_backward(device: torch.device) -> Tensors:
    index, _ = writes(device)
    x = normal(SLOTS, device=device).requires_grad_()
    return backward(torch.index_select(x, 0, index), x)


@operation("repeat_interleave backward", reaches=("index_select", "index_add"))
def repeat_interleave_by_tensor(device: torch.device) -> Tensors:
    x = normal(SLOTS, device=device).requires_grad_()
    return backward(torch.repeat_interleave(x, torch.full((SLOTS,), 99, device=device)), x)


@route("repeat_interleave backward")
def repeats_as_a_number_select_nothing(device: torch.device) -> None:
    by_number = operators(gradient(lambda x: x.repeat_interleave(3), 8), device)
    assert not {"index_select", "index_add"} & by_number


@operation("index_copy", threads=THREADS)
def index_copy_with_duplicates(device: torch.device) -> Tensors:
    index, values = writes(device)
    return target(device).index_copy(0, index, values)


@operation("scatter src=Tensor", threads=THREADS)
def scatter_with_duplicates(device: torch.device) -> Tensors:
    index, values = writes(device)
    return target(device).scatter(0, index, values)


@operation("scatter value")
def scatter_value(device: torch.device) -> Tensors:
    index, _ = writes(device)
    return target(device).scatter(0, index, 1.5)


def _legacy_scatter(reduce: str, dtype: torch.dtype) -> Run:
    def run(device: torch.device) -> Tensors:
        index, values = writes(device)
        into = torch.ones(SLOTS, device=device, dtype=dtype)
        return into.scatter(0, index, values.to(dtype), reduce=reduce)

    return run


operation("scatter reduce=add", name="float")(_legacy_scatter("add", torch.float32))
operation("scatter reduce=add integral", name="int32")(_legacy_scatter("add", torch.int32))
operation("scatter reduce=multiply", name="float")(_legacy_scatter("multiply", torch.float32))


def _scatter_reduce(reduce: str) -> Run:
    def run(device: torch.device) -> Tensors:
        index, values = writes(device)
        return torch.ones(SLOTS, device=device).scatter_reduce(0, index, values, reduce)

    return run


for _reduce in ("sum", "mean"):
    operation("scatter_reduce sum/mean", name=_reduce, threads=4)(_scatter_reduce(_reduce))
    neighbour("scatter_reduce prod", name=_reduce)(_scatter_reduce(_reduce))
operation("scatter_reduce prod", name="prod")(_scatter_reduce("prod"))


def _scatter_extremum_backward(reduce: str) -> Run:
    def run(device: torch.device) -> Tensors:
        index, _ = writes(device)
        values = integers(MANY, below=3, device=device).float().requires_grad_()  # many ties
        into = torch.ones(SLOTS, device=device).requires_grad_()
        return backward(into.scatter_reduce(0, index, values, reduce), into, values)

    return run


for _reduce in ("amax", "amin"):
    operation("scatter_reduce amax/amin", name=_reduce, reaches=("scatter_add",))(
        _scatter_extremum_backward(_reduce)
    )


def _index_reduce(reduce: str) -> Run:
    def run(device: torch.device) -> Tensors:
        index, values = writes(device)
        return torch.ones(SLOTS, device=device).index_reduce(0, index, values, reduce)

    return run


for _reduce in ("prod", "mean", "amax", "amin"):
    operation("index_reduce", "index_reduce (cpu)", name=_reduce, threads=4)(_index_reduce(_reduce))
for _reduce in ("prod", "mean"):
    operation("index_reduce (mps)", name=_reduce)(_index_reduce(_reduce))


@operation("as_strided/unfold backward", reaches=("index_add",))
def as_strided_backward(device: torch.device) -> Tensors:
    x = normal(4096, device=device).requires_grad_()
    return backward(x.as_strided((4000, 64), (1, 1)), x)


def _cummax_backward(maximum: bool) -> Run:
    def run(device: torch.device) -> Tensors:
        x = normal(8, 512, device=device).requires_grad_()
        result = (torch.cummax if maximum else torch.cummin)(x, 1)
        return backward(result[0], x)

    return run


operation("cummax/cummin backward", name="cummax", reaches=("scatter_add",))(_cummax_backward(True))
operation("cummax/cummin backward", name="cummin", reaches=("scatter_add",))(
    _cummax_backward(False)
)


def _clean_operations(device: torch.device) -> Tensors:
    """Operations whose kernels write every place once."""
    x = normal(64, 64, device=device)
    mask = x > 0
    index = integers(500, below=64, device=device)
    edges = torch.linspace(-9, 9, 20, device=device)
    source = normal(4096, device=device)
    return (
        x.masked_fill(mask, 1.0),
        x.masked_scatter(mask, source),
        x.index_fill(0, index, 2.0),
        x.masked_select(mask),
        x.nonzero(),
        x.amax(0),
        x.amin(1),
        x.argmax(1),
        torch.bucketize(x, edges),
        torch.searchsorted(edges, x),
        torch.where(mask, x, -x),
        torch.nn.functional.one_hot(index, 64),
    )


operation("ops checked clean", name="forward")(_clean_operations)
operation("ops checked clean", name="unfold_and_fold")(
    gradient(
        lambda x: torch.nn.functional.fold(
            torch.nn.functional.unfold(x, 3, padding=1), (16, 16), 3, padding=1
        ),
        *(2, 4, 16, 16),
    )
)
operation("ops checked clean", name="avg_pool2d")(
    gradient(lambda x: torch.nn.functional.avg_pool2d(x, 3, 1), 2, 4, 16, 16)
)
operation("ops checked clean", name="group_norm")(
    gradient(lambda x: torch.nn.functional.group_norm(x, 2), 4, 8, 16, 16)
)
operation("ops checked clean", name="amax_with_ties")(
    gradient(lambda x: x.round().amax(1), 64, 256)
)
operation("ops checked clean", name="where")(
    gradient(lambda x: torch.where(x > 0, x, 2 * x), 64, 64)
)
operation("ops checked clean", name="segment_reduce")(
    gradient(
        lambda x: torch.segment_reduce(
            x, "sum", lengths=torch.full((64,), 64, device=x.device), axis=0
        ),
        4096,
    )
)
