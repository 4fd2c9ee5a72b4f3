"""Methods and attributes of tensors by what they do with its memory and its numbers."""

from __future__ import annotations

from torchdet.torch_api.public_names import qualified

VIEWS = frozenset(
    {
        *("adjoint", "as_strided", "as_tensor", "asarray", "atleast_1d", "atleast_2d"),
        *("atleast_3d", "broadcast_tensors", "broadcast_to", "chunk", "conj", "contiguous"),
        *("detach", "diagonal", "dsplit", "expand", "expand_as", "flatten", "hsplit", "imag"),
        *("meshgrid", "moveaxis", "movedim", "narrow", "permute", "positive", "ravel", "real"),
        *("reshape", "reshape_as", "resolve_conj", "resolve_neg", "select", "split"),
        *("split_with_sizes", "squeeze", "swapaxes", "swapdims", "t", "tensor_split"),
        *("transpose", "unbind", "unflatten", "unfold", "unsqueeze", "view", "view_as"),
        *("view_as_complex", "view_as_real", "vsplit"),
        # These give the tensor itself where it is on the device, or of the dtype, already.
        *("bfloat16", "bool", "byte", "cdouble", "cfloat", "char", "cpu", "cuda", "double"),
        *("float", "half", "int", "long", "pin_memory", "share_memory_", "short", "to", "type"),
        *("type_as", "xpu"),
    }
)
"""Views share the memory of their tensor: whoever has one may fill it."""

SHAPE_METHODS = frozenset(
    {
        *("empty_like", "full_like", "ones_like", "rand_like", "randint_like"),
        *("randn_like", "zeros_like", "new_empty", "new_empty_strided", "new_full", "new_ones"),
        *("new_tensor", "new_zeros", "dim", "element_size", "get_device", "is_complex"),
        *("is_contiguous", "is_floating_point", "is_pinned", "ndimension", "nelement", "numel"),
        *("requires_grad_", "size", "stride", "storage_offset", "retain_grad", "register_hook"),
    }
)

SHAPE_ATTRIBUTES = frozenset(
    {
        *("device", "dtype", "grad", "grad_fn", "is_cuda", "is_leaf", "is_sparse", "itemsize"),
        *("layout", "nbytes", "ndim", "requires_grad", "shape"),
    }
)

READING_IN_PLACE = frozenset(
    {
        *("abs_", "add_", "addcdiv_", "addcmul_", "addmm_", "ceil_", "clamp_", "clamp_max_"),
        *("clamp_min_", "clip_", "cos_", "cumprod_", "cumsum_", "div_", "exp_", "floor_"),
        *("floor_divide_", "index_add_", "lerp_", "log_", "mul_", "neg_"),
        *("nan_to_num_", "pow_", "reciprocal_", "relu_", "round_", "rsqrt_", "scatter_add_"),
        *("scatter_reduce_", "sigmoid_", "sign_", "sin_", "sqrt_", "square_", "sub_", "tanh_"),
        *("tril_", "triu_", "trunc_"),
    }
)
"""In-place methods that need the values which are there."""

VALUE_METHODS = frozenset({"item", "tolist", "sort", "topk", "allclose", "equal"})
"""Methods that need the values and give no tensor, or several."""

FILLING_METHODS = frozenset(
    {"bernoulli_", "cauchy_", "copy_", "exponential_", "fill_", "geometric_", "log_normal_"}
    | {"normal_", "random_", "uniform_", "zero_"}
)
"""In-place methods that write to all of a tensor."""

PARTLY_FILLING = frozenset({"diagonal_scatter", "select_scatter", "slice_scatter"}).union(
    f"{name}{suffix}"
    for name in (
        "index_copy",
        "index_fill",
        "index_put",
        "masked_fill",
        "masked_scatter",
        "scatter",
    )
    for suffix in ("", "_")
)
"""Methods and functions that write to a part of a tensor, or of a copy of it.

Several of them, one after the other, can fill it.
"""

SCALED_BY_BETA = frozenset({"addbmm", "addmm", "addmv", "addr", "baddbmm", "sspaddmm"})
"""`beta` scales their input, which is not read where that is zero."""

INTEGRAL_METHODS = frozenset(
    {"argmax", "argmin", "argsort", "bincount", "bool", "bucketize", "byte", "eq", "ge", "gt"}
    | {"int", "le", "long", "lt", "ne", "nonzero", "short"}
    | {"logical_and", "logical_not", "logical_or", "logical_xor"}
)

FLOATING_METHODS = frozenset(
    {"bfloat16", "div", "double", "exp", "float", "half", "log", "mean", "sigmoid", "softmax"}
    | {"sqrt", "std", "var"}
)

KIND_KEEPING_FUNCTIONS = qualified(
    "torch", "abs clamp cumsum flatten repeat_interleave roll squeeze sum unsqueeze"
) | qualified("torch.nn.functional", "pad")
"""Functions whose result has whole numbers where their first argument has them."""

CONVERTING_METHODS = frozenset({"to", "type"})
"""Methods whose first argument may be a dtype."""

STAYING_METHODS = frozenset(
    {"bool", "clone", "contiguous", "double", "float", "flatten", "half", "int", "long", "permute"}
    | {"reshape", "squeeze", "transpose", "unsqueeze", "view"}
)
"""Methods whose result is on the device of their tensor, and needs no gradient if it needs none."""

SIZED_METHODS = frozenset({"view", "reshape", "expand", "permute"})
"""Methods whose arguments are as many as the dimensions of their result."""

JOINING_FUNCTIONS = qualified("torch", "cat concat hstack stack vstack")
"""Functions that join the tensors of a list."""

COMPARING_FUNCTIONS = qualified("torch", "allclose equal")
"""Functions that compare the values of tensors, and give a number or a flag."""

HOST_FUNCTIONS = frozenset({"torch.from_numpy", "torch.frombuffer"})
"""Functions whose result shares the memory of the CPU."""

SHAPE_FUNCTIONS = qualified("torch", "is_complex is_floating_point numel is_tensor")
"""Functions that look at a tensor's shape and type alone."""
