"""The parameters of the spellings whose rows ask for arguments.

The rows are in ``signatures.csv``: a spelling and its parameters as Python writes them, ``self``
left out. What stands after ``|`` is fixed by the spelling itself: ``torch.nn.ReflectionPad1d`` is
``padding | mode='reflect'``. Where a name has several overloads, the row merges them, and a
parameter without a default may be absent from a call. Checked against torch 2.13.
"""

from __future__ import annotations

import ast
import csv
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import StringIO
from types import MappingProxyType

from torchdet.torch_api.condition_language import Absent, Opaque, Value

NUMPY_KEYWORDS = {"dim": "axis", "keepdim": "keepdims"}
"""Other names of parameters, which torch takes over from NumPy."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """``position`` is None where only a keyword can pass it."""

    name: str
    position: int | None
    default: Value


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters by name, and the values that the spelling itself fixes."""

    parameters: Mapping[str, Parameter]
    fixed: Mapping[str, Value]

    def __contains__(self, argument: str) -> bool:
        return argument in self.parameters or argument in self.fixed


@cache
def spelled_parameters() -> Mapping[str, str]:
    """Every row as text, by its spelling."""
    data = pkgutil.get_data(__package__, "signatures.csv")
    if data is None:
        raise ValueError("signatures.csv is missing beside the module that reads it")
    rows = csv.reader(StringIO(data.decode("utf-8"), newline=""))
    return MappingProxyType(dict(tuple(rows)[1:]))


@cache
def signature_of(spelling: str) -> Signature | None:
    """The row of ``spelling``, if it has one. Raises ``ValueError`` for a malformed one.

    >>> signature_of("torch.nn.functional.interpolate").parameters["mode"]
    Parameter(name='mode', position=3, default='nearest')
    """
    text = spelled_parameters().get(spelling)
    return read_signature(text) if text is not None else None


def read_signature(text: str) -> Signature:
    """Read ``parameters | fixed``. Raises ``ValueError`` for other texts.

    >>> read_signature("padding | mode='reflect'").fixed["mode"]
    'reflect'
    """
    own, _, fixed = text.partition("|")
    return Signature(
        MappingProxyType(_parameters(own)),
        MappingProxyType({name: each.default for name, each in _parameters(fixed).items()}),
    )


def _parameters(text: str) -> dict[str, Parameter]:
    try:
        (function,) = ast.parse(f"def f({text}): ...").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no list of parameters: {error.msg}") from None
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    missing = [None] * (len(given.args) - len(given.defaults))
    positional = [
        Parameter(arg.arg, position, _default(default))
        for position, (arg, default) in enumerate(
            zip(given.args, (*missing, *given.defaults), strict=True)
        )
    ]
    keyword_only = [
        Parameter(arg.arg, None, _default(default))
        for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    return {each.name: each for each in (*positional, *keyword_only)}


def _default(node: ast.expr | None) -> Value:
    """The default's value; ``...`` stands for one that is no literal."""
    if node is None:
        return Absent()
    if isinstance(node, ast.Constant) and node.value is ...:
        return Opaque()
    value: Value = ast.literal_eval(node)
    return value
