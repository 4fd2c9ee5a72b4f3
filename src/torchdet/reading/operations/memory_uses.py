"""Whether a use of a tensor fills its memory or reads what is in it."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, int_value
from torchdet.facts.lazy import cst
from torchdet.facts.tensors import tensor_confidence
from torchdet.torch_api.returns import several_functions, tensor_functions, tensor_methods

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


class Effect(Enum):
    """What a use does with the memory of a tensor.

    ``MAY_FILL`` also stands for what cannot be followed: another name, a call of unknown code.
    """

    READS = "reads"
    MAY_FILL = "may fill"
    NONE = "none"


# Views share the memory of their tensor: whoever has one may fill it.
_VIEWS = frozenset(
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
        *("float", "half", "int", "long", "short", "to", "type", "type_as", "xpu"),
    }
)
_ONLY_ASK_SHAPE = frozenset(
    {
        *("empty_like", "full_like", "ones_like", "rand_like", "randint_like"),
        *("randn_like", "zeros_like", "new_empty", "new_empty_strided", "new_full", "new_ones"),
        *("new_tensor", "new_zeros", "dim", "element_size", "get_device", "is_complex"),
        *("is_contiguous", "is_floating_point", "is_pinned", "ndimension", "nelement", "numel"),
        *("requires_grad_", "size", "stride", "storage_offset", "retain_grad", "register_hook"),
    }
)
_ATTRIBUTES_OF_SHAPE = frozenset(
    {
        *("device", "dtype", "grad", "grad_fn", "is_cuda", "is_leaf", "is_sparse", "itemsize"),
        *("layout", "nbytes", "ndim", "requires_grad", "shape"),
    }
)
# In-place methods that need the values which are there.
_READING_IN_PLACE = frozenset(
    {
        *("abs_", "add_", "addcdiv_", "addcmul_", "addmm_", "ceil_", "clamp_", "clamp_max_"),
        *("clamp_min_", "clip_", "cos_", "cumprod_", "cumsum_", "div_", "exp_", "floor_"),
        *("floor_divide_", "index_add_", "lerp_", "log_", "masked_scatter_", "mul_", "neg_"),
        *("nan_to_num_", "pow_", "reciprocal_", "relu_", "round_", "rsqrt_", "scatter_add_"),
        *("scatter_reduce_", "sigmoid_", "sign_", "sin_", "sqrt_", "square_", "sub_", "tanh_"),
        *("tril_", "triu_", "trunc_"),
    }
)
_MORE_READING_METHODS = frozenset({"item", "tolist", "sort", "topk", "allclose", "equal"})
# `beta` scales their input, which is not read where that is zero.
_SCALED_BY_BETA = frozenset({"addbmm", "addmm", "addmv", "addr", "baddbmm", "sspaddmm"})
_GATHERING = frozenset({"torch.cat", "torch.concat", "torch.hstack", "torch.stack", "torch.vstack"})


@cache
def _reading_methods() -> frozenset[str]:
    new = tensor_methods() - _VIEWS - _ONLY_ASK_SHAPE
    return new | _READING_IN_PLACE | _MORE_READING_METHODS


@cache
def _reading_functions() -> frozenset[str]:
    return frozenset(
        name
        for name in tensor_functions() | several_functions() | {"torch.allclose", "torch.equal"}
        if not name.endswith("_") and name.rpartition(".")[2] not in _VIEWS | _ONLY_ASK_SHAPE
    )


def effect_of(use: cst.BaseExpression, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    """What the expression around ``use``, a tensor, does with it, and that expression."""
    parent = facts.parent(use)
    if isinstance(parent, cst.Attribute) and parent.value is use:
        return _of_attribute(parent, facts)
    if isinstance(parent, cst.Arg):
        return _of_argument(parent, facts)
    if isinstance(parent, cst.Element):
        return _of_element(parent, facts)
    if isinstance(parent, cst.Subscript) and parent.value is use:
        return _of_subscript(parent, facts)
    if isinstance(parent, cst.ComparisonTarget):
        parent = facts.parent(parent)
    return _of_operator(parent, use), parent


def _of_operator(parent: cst.CSTNode, use: cst.BaseExpression) -> Effect:
    if isinstance(parent, cst.Comparison):
        identity = (cst.Is, cst.IsNot, cst.In, cst.NotIn)
        asks = any(isinstance(each.operator, identity) for each in parent.comparisons)
        return Effect.NONE if asks else Effect.READS
    if isinstance(parent, cst.UnaryOperation):
        return Effect.NONE if isinstance(parent.operator, cst.Not) else Effect.READS
    if isinstance(parent, cst.BinaryOperation):
        return Effect.READS
    if isinstance(parent, cst.AugAssign) and parent.target is use:
        return Effect.READS
    return Effect.NONE if isinstance(parent, (cst.Expr, cst.Del)) else Effect.MAY_FILL


def _of_attribute(node: cst.Attribute, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    name = node.attr.value
    call = facts.parent(node)
    if not isinstance(call, cst.Call) or call.func is not node:
        return (Effect.NONE if name in _ATTRIBUTES_OF_SHAPE else Effect.MAY_FILL), node
    if name in _ONLY_ASK_SHAPE or _ignores_input(name, call):
        return Effect.NONE, call
    if argument(call, "include_self") is not None:
        return Effect.MAY_FILL, call  # `scatter_reduce_` may leave the values out
    return (Effect.READS if name in _reading_methods() else Effect.MAY_FILL), call


def _of_argument(arg: cst.Arg, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    call = facts.parent(arg)
    if not isinstance(call, cst.Call) or arg.star:
        return Effect.MAY_FILL, call
    if arg.keyword is not None and arg.keyword.value == "out":
        return Effect.MAY_FILL, call
    names = facts.resolve(call.func).names
    if not names:
        return _of_method_argument(call, facts), call
    if call.args[0] is arg and _ignores_input(names[0].removeprefix("torch."), call):
        return Effect.NONE, call
    if all(name in _reading_functions() for name in names):
        return Effect.READS, call
    lasts = {name.rpartition(".")[2] for name in names}
    of_torch = all(name.startswith("torch.") for name in names)
    asks = of_torch and lasts <= _ONLY_ASK_SHAPE | {"is_tensor"}
    asks = asks or set(names) <= {"builtins.len", "builtins.isinstance", "builtins.type"}
    return (Effect.NONE if asks else Effect.MAY_FILL), call


def _ignores_input(name: str, call: cst.Call) -> bool:
    """Whether it is ``baddbmm(x, ..., beta=0)``; a ``beta`` that only the run knows counts too."""
    beta = argument(call, "beta")
    return name in _SCALED_BY_BETA and beta is not None and int_value(beta.value) != 1


def _of_method_argument(call: cst.Call, facts: FileFacts) -> Effect:
    """``y.copy_(x)`` and its like read their argument, where ``y`` is a tensor."""
    if isinstance(call.func, cst.Attribute) and (
        call.func.attr.value in _reading_methods() | {"copy_"}
        and tensor_confidence(call.func.value, facts) is not None
    ):
        return Effect.READS
    return Effect.MAY_FILL


def _of_element(element: cst.Element, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    """An element of the list that ``torch.cat`` and its like join is read."""
    arg = facts.parent(facts.parent(element))
    call = facts.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and call.args[0] is arg:
        names = facts.resolve(call.func).names
        if names and set(names) <= _GATHERING:
            return Effect.READS, call
    return Effect.MAY_FILL, element


def _of_subscript(node: cst.Subscript, facts: FileFacts) -> tuple[Effect, cst.CSTNode]:
    parent = facts.parent(node)
    if isinstance(parent, cst.AugAssign) and parent.target is node:
        return Effect.READS, parent
    return Effect.MAY_FILL, node
