"""Tensors made of NumPy arrays, and whether they have the 64 bits that NumPy gives by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torchdet.facts.expressions import argument, has_unpacking
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_FROM_ARRAY = ("torch.from_numpy", "torch.as_tensor", "torch.tensor", "torch.asarray")
_WIDE_MAKERS = frozenset(
    f"numpy.{name}"
    for name in (
        *("empty", "eye", "genfromtxt", "geomspace", "identity", "linspace", "loadtxt", "logspace"),
        *("ones", "zeros", "random.normal", "random.rand", "random.randn", "random.random"),
        *("random.standard_normal", "random.uniform"),
    )
)
"""Functions that make arrays of float64 unless they are given a ``dtype``."""

_KEEPING = frozenset(
    (
        *("clone", "contiguous", "copy", "cuda", "detach", "flatten", "permute", "reshape"),
        *("squeeze", "t", "transpose", "unsqueeze", "view"),
    )
)


def is_wide_numpy(node: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the tensor ``node`` is certainly made of an array of float64."""

    def transfer(each: cst.BaseExpression) -> Iterable[cst.BaseExpression] | None:
        if isinstance(each, cst.Subscript):
            return [each.value]
        if not isinstance(each, cst.Call):
            return None
        if facts.means(each.func, *_FROM_ARRAY):
            given = argument(each, "data", 0)
            typed = argument(each, "dtype") is not None or given is None
            return None if typed or given is None else [given.value]
        method = each.func
        keeps = isinstance(method, cst.Attribute) and method.attr.value in _KEEPING
        return [method.value] if keeps and isinstance(method, cst.Attribute) else None

    sources = facts.flow.sources(node, transfer)
    ends = sources.every
    return sources.complete and bool(ends) and all(_is_wide(each.node, facts) for each in ends)


def _is_wide(node: cst.CSTNode, facts: FileFacts) -> bool:
    if not isinstance(node, cst.Call) or has_unpacking(node) or argument(node, "dtype") is not None:
        return False
    positional = sum(arg.keyword is None for arg in node.args)
    names = facts.resolve(node.func).names
    dtype_by_position = positional > 1 and names in (("numpy.zeros",), ("numpy.ones",))
    return bool(names) and _WIDE_MAKERS.issuperset(names) and not dtype_by_position
