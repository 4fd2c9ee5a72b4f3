"""What turns gradients off, what has none, and what passes them on."""

from __future__ import annotations

from torchdet.torch_api.public_names import spelled

NO_GRADIENT = spelled("torch.no_grad", "torch.inference_mode", "torch.set_grad_enabled")
"""Context managers and decorators without gradients; `set_grad_enabled` depends on its argument."""

SWITCHED_BY_VALUE = spelled("torch.set_grad_enabled")
"""Those whose first argument says whether there are gradients."""

AUTOGRAD_FUNCTIONS = spelled("torch.autograd.Function")
"""The base class of operations that bring their own backward pass."""

CUTTING_METHODS = frozenset({"bool", "detach", "int", "item", "long", "numpy", "tolist"})
"""Methods of a tensor whose result leads no gradient back."""

CONSTANT_FACTORIES = frozenset(
    {"arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "logspace", "ones"}
    | {"ones_like", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like"}
    | {"randperm", "tensor", "tril_indices", "triu_indices", "zeros", "zeros_like"}
    | {"new_empty", "new_full", "new_ones", "new_zeros"}
)
"""Functions and methods whose result needs no gradient, unless `requires_grad` asks for it."""

PASSING_METHODS = frozenset(
    {"abs", "clamp", "clone", "contiguous", "cpu", "cuda", "cumsum", "double", "expand"}
    | {"expand_as", "flatten", "flip", "float", "half", "masked_fill", "movedim", "permute"}
    | {"repeat", "reshape", "squeeze", "sum", "to", "transpose", "type_as", "unflatten"}
    | {"unsqueeze", "view", "view_as"}
)
"""Methods and functions whose result has the gradient of their tensor alone.

Their other arguments are numbers, dtypes or masks.
"""

SOURCE_METHODS = frozenset(
    f"{name}{suffix}"
    for name in (
        *("index_add", "index_copy", "index_fill", "index_put", "index_reduce", "put"),
        *("masked_scatter", "scatter", "scatter_add", "scatter_reduce"),
    )
    for suffix in ("", "_")
)
"""Methods that put another tensor, which may have a gradient, into their own."""

MODULE_TYPES = spelled("torch.nn.Module")
PARAMETER_TYPES = spelled("torch.nn.Parameter")
BUFFER_TYPES = spelled("torch.nn.Buffer")
