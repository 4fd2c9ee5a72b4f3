"""What torch's functions, methods and classes return, as far as a type checker could know.

Most of it stands in the generated table of functions; what neither stubs nor schemas say, and what
older releases had, is added by hand. A test calls all of it with the installed torch.
"""

from __future__ import annotations

from functools import cache

from torchdet.torch_api.public_names import classes_of, qualified
from torchdet.torch_api.tables import generated_rows

_METHOD = "torch.Tensor."


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Neither a stub nor a schema gives the type, or it depends on `return_indices`.
_MORE_TENSOR_FUNCTIONS = (
    qualified(
        "torch", "block_diag cdist chain_matmul dequantize norm quantize_per_tensor tensordot"
    )
    | qualified(
        "torch.nn.functional",
        """
    adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d fractional_max_pool2d
    fractional_max_pool3d logsigmoid max_pool1d max_pool2d max_pool3d
    """,
    )
    | qualified("torch.nn.utils", "clip_grad_norm_ parameters_to_vector rnn.pad_sequence")
)
_MORE_SEVERAL_FUNCTIONS = qualified("torch", "broadcast_tensors lu")
_MORE_TENSOR_METHODS = _names(
    "cdouble cfloat hpu imag ipu mlu mtia musa norm npu real stft to_sparse_coo"
)
_MORE_SEVERAL_METHODS = _names("eig lstsq lu split symeig")


@cache
def _returning(kind: str) -> frozenset[str]:
    """Qualified names of the functions and methods all of whose overloads return ``kind``."""
    return frozenset(name for name, returns, *_ in generated_rows("functions") if returns == kind)


def _functions(kind: str) -> frozenset[str]:
    return frozenset(name for name in _returning(kind) if not name.startswith(_METHOD))


def _methods(kind: str) -> frozenset[str]:
    names = (name.removeprefix(_METHOD) for name in _returning(kind) if name.startswith(_METHOD))
    return frozenset(name for name in names if not name.endswith("_"))


@cache
def tensor_functions() -> frozenset[str]:
    """Qualified names of functions that return one tensor.

    >>> "torch.zeros" in tensor_functions(), "torch.svd" in tensor_functions()
    (True, False)
    """
    return _functions("tensor") | _MORE_TENSOR_FUNCTIONS


@cache
def several_functions() -> frozenset[str]:
    """Qualified names of functions that return several tensors: a tuple, a named one, or a list."""
    return _functions("tensors") | _MORE_SEVERAL_FUNCTIONS


@cache
def tensor_methods() -> frozenset[str]:
    """Methods of a tensor that return one tensor, in-place ones left out: `x.add_()` is `x`."""
    return _methods("tensor") | _MORE_TENSOR_METHODS


@cache
def several_methods() -> frozenset[str]:
    """Methods of a tensor that return several tensors."""
    return _methods("tensors") | _MORE_SEVERAL_METHODS


@cache
def tensor_types() -> frozenset[str]:
    """Qualified names of the classes whose instances are tensors, the legacy types among them."""
    return classes_of("tensor") | LEGACY_TENSOR_TYPES | _OTHER_TENSOR_TYPES


_LEGACY = """
BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor
LongTensor ShortTensor
"""
LEGACY_TENSOR_TYPES = qualified("torch", _LEGACY) | qualified("torch.cuda", _LEGACY)
"""Qualified names of the types that say dtype and device at once."""

_OTHER_TENSOR_TYPES = _names("torch.autograd.Variable torch._tensor.Tensor torch.types.Tensor")

TAKING_OTHERS = qualified(
    "torch",
    """
    arange as_tensor asarray block_diag cat concat empty eye from_numpy frombuffer full linspace
    normal ones rand randint randn randperm stack tensor zeros
    """,
)
"""Functions that return a tensor, and take lists, arrays and numbers as well as tensors."""

TENSOR_CLASS = "torch.Tensor"
TENSOR_CLASSES = frozenset({TENSOR_CLASS, "torch._tensor.Tensor"})
"""The names of the class whose methods a tensor has."""

TENSOR_CHECK = "torch.is_tensor"
"""The function that asks whether something is an instance of it."""

UNINITIALISED_FUNCTIONS = tuple(
    sorted(qualified("torch", "empty empty_like empty_permuted empty_strided"))
)
UNINITIALISED_METHODS = ("new_empty", "new_empty_strided")
"""What gives memory as it was left."""

TORCH_ONLY_METHODS = _names(
    """
    argwhere bernoulli_ contiguous copy_ detach detach_ expand_as exponential_ histc index_add
    index_add_ index_copy index_copy_ index_fill index_fill_ index_put index_put_ index_reduce
    index_reduce_ index_select kthvalue logcumsumexp logsumexp masked_fill masked_fill_
    masked_scatter masked_scatter_ masked_select msort multinomial nanmedian new_empty new_full
    new_ones new_tensor new_zeros normal_ permute put_ repeat_interleave resize_as_ scatter_
    scatter_add scatter_add_ scatter_reduce scatter_reduce_ take_along_dim type_as unsqueeze
    unsqueeze_ view_as
    """
)
"""Methods of a tensor that lists, arrays, data frames and modules have not."""

TENSOR_ATTRIBUTES = _names("H T data grad imag mH mT real")
"""Attributes of a tensor that are tensors."""

WITH_DIM = _names("max median min nanmedian")
"""Return one tensor for a whole one, and values with indices along a dimension."""

RETURNS_FLAGS = _names("unique unique_consecutive")
"""Return one tensor unless asked for indices or counts as well."""

SEVERAL_MODULES = qualified(
    "torch.nn",
    """
    AdaptiveLogSoftmaxWithLoss GRU LSTM LSTMCell MultiheadAttention RNN
    """,
)
"""Modules whose output is more than one tensor."""

MODULE_LISTS = _names("torch.nn.ModuleList torch.nn.Sequential")
"""Modules that hold modules by position."""

OTHER_MODULES = qualified("torch.nn", "Module ModuleDict ParameterDict ParameterList Container")
"""Modules that nobody calls."""

MODULE_METHODS = _names(
    "apply bfloat16 cpu cuda double eval float half requires_grad_ to to_empty train type"
)
"""Methods of a module that return the module."""

REGISTERING_METHODS = {
    "register_buffer": "tensor",
    "register_parameter": "param",
    "register_module": "module",
    "add_module": "module",
}
"""Methods of a module that give it an attribute, with the parameter that takes the value."""

PASSED_ON = _names(
    """
    copy.copy copy.deepcopy einops.rearrange einops.reduce einops.repeat torch.compile
    torch.jit.script torch.jit.trace torch.nn.DataParallel
    torch.nn.parallel.DistributedDataParallel
    """
)
"""Functions whose result is of the kind of their first argument."""
