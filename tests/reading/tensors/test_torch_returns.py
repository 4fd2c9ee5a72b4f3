"""The tables of what torch returns, and the answers made of them, against the installed torch."""

from __future__ import annotations

import contextlib
import itertools
import pkgutil
import warnings
from collections.abc import Iterator, Sequence

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.diagnostic import Confidence
from torchdet.model.source import SourceText
from torchdet.reading.tensors.inference import tensor_confidence
from torchdet.torch_api.returns import (
    LEGACY_TENSOR_TYPES,
    RETURNS_FLAGS,
    SEVERAL_MODULES,
    TENSOR_ATTRIBUTES,
    TORCH_ONLY_METHODS,
    WITH_DIM,
    several_functions,
    several_methods,
    tensor_functions,
    tensor_methods,
    tensor_types,
)

torch = pytest.importorskip("torch", reason="the tables are checked against an installed torch")
np = pytest.importorskip("numpy", reason="arrays are what must not be taken for tensors")

IMPORTS = (
    "import numpy as np\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
)
REMOVED = {
    *("torch.eig", "torch.lstsq", "torch.matrix_rank", "torch.symeig"),
}
"""Functions of older releases that the installed one has no more, or that only raise."""


def values() -> dict[str, object]:
    torch.manual_seed(0)
    x = torch.rand(3, 3) + 0.1
    return {
        "torch": torch,
        "np": np,
        "F": torch.nn.functional,
        "nn": torch.nn,
        "x": x,
        "whole": torch.tensor([2, 0, 1]),
        "flags": torch.tensor([True, False, True]),
        "array": np.ones((3, 3), dtype=np.float32),
        "items": [1.0, 2.0],
    }


SETTING = (
    IMPORTS
    + "x = torch.rand(3, 3)\nwhole = torch.tensor([2, 0, 1])\n"
    + "flags = torch.tensor([True, False, True])\n"
    + "array = np.ones((3, 3))\nitems = [1.0, 2.0]\n"
)


def claimed_certain(texts: Sequence[str]) -> list[str]:
    """Those of the expressions that the file which holds them all has as tensors for certain."""
    facts = FileFacts.parse(SourceText(SETTING + "\n".join(texts)), Wanted(frozenset({"Expr"})))
    statements = facts.index.nodes["Expr"]
    assert len(statements) == len(texts)
    return [
        text
        for text, statement in zip(texts, statements, strict=True)
        if isinstance(statement, cst.Expr)
        and tensor_confidence(statement.value, facts) is Confidence.CERTAIN
    ]


def is_tensor(text: str) -> bool | None:
    """Whether ``text`` evaluates to a tensor; None where it raises or evaluates to ``None``."""
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = eval(text, values())
        return None if value is None else isinstance(value, torch.Tensor)
    return None


def test_names_exist() -> None:
    unknown = []
    for name in tensor_functions() | several_functions() | tensor_types():
        # Legacy types of CUDA are built on first use of a GPU.
        legacy = name in LEGACY_TENSOR_TYPES
        spelled = name.replace("torch.cuda.", "torch.") if legacy else name
        try:
            pkgutil.resolve_name(spelled)
        except (AttributeError, ImportError):
            unknown.append(name)
    assert set(unknown) <= REMOVED | {"torch.types.Tensor"}


def test_methods_exist() -> None:
    in_other_builds = {"npu", "hpu", "mlu", "musa"}
    for name in (*TORCH_ONLY_METHODS, *WITH_DIM, *RETURNS_FLAGS, *TENSOR_ATTRIBUTES):
        assert hasattr(torch.Tensor, name), name
    own = {name for name in tensor_methods() if f"torch.{name}" not in tensor_functions()}
    assert {name for name in own if not hasattr(torch.Tensor, name)} <= in_other_builds


def test_arrays_and_lists_have_none_of_the_methods_that_only_tensors_have() -> None:
    for value in (np.ones(3), [1], {}, torch.nn.Linear(1, 1)):
        assert [name for name in TORCH_ONLY_METHODS if hasattr(value, name)] == []


def calls() -> Iterator[str]:
    """Every function and method in the tables, with a few sets of arguments."""
    arguments = ["", "x", "0", "1, 0", "x, x", "flags", "(3, 3)"]
    functions = sorted(tensor_functions() | several_functions())
    skipped = {"torch.from_file", "torch.quantize_per_channel"}
    for name, passed in itertools.product(functions, arguments):
        if name not in skipped:
            yield f"{name}({passed})"
            yield f"{name}(x, {passed})"
    methods = sorted(tensor_methods() | several_methods() | WITH_DIM | RETURNS_FLAGS | {"nonzero"})
    for name, passed in itertools.product(methods, arguments):
        yield f"x.{name}({passed})"
        yield f"x.{name}_({passed})"


def test_what_is_certain_is_a_tensor_for_every_function_and_method() -> None:
    texts = list(calls())
    files = [texts[start : start + 500] for start in range(0, len(texts), 500)]
    found = {text: is_tensor(text) for file in files for text in claimed_certain(file)}
    assert [text for text, tensor in found.items() if tensor is False] == []
    assert sum(tensor is True for tensor in found.values()) > 1000


LEAVES = st.sampled_from(["x", "whole", "flags", "array", "items", "2", "0.5", "x.shape", "None"])
METHODS = ["sum()", "max(0)", "max()", "numpy()", "tolist()", "sort()", "sort()[0]", "T", "dtype"]
METHODS += ["size(0)", "nonzero()", "unique()", "median(0)", "median()", "float()", "clone().data"]
WRAPPED = ["torch.as_tensor({})", "np.asarray({})", "F.relu({})", "list({})", "nn.Parameter({})"]
WRAPPED += ["torch.where({})", "torch.topk({}, 1)", "torch.topk({}, 1).values", "-({})", "not ({})"]


def combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "@", "**", "<", "==", "is", "and", "or", "&"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        st.tuples(inner, st.sampled_from(METHODS)).map(lambda parts: f"({parts[0]}).{parts[1]}"),
        st.tuples(inner, st.sampled_from(WRAPPED)).map(lambda parts: parts[1].format(parts[0])),
        st.tuples(inner, st.sampled_from(["0", ":1", "None", "flags", "..."])).map(
            lambda parts: f"({parts[0]})[{parts[1]}]"
        ),
        st.tuples(inner, inner, inner).map(
            lambda parts: f"({parts[0]}) if ({parts[1]}) is None else ({parts[2]})"
        ),
    )


@settings(deadline=None, max_examples=150)
@given(st.recursive(LEAVES, combine, max_leaves=6))
def test_what_is_certain_is_a_tensor_for_any_expression(text: str) -> None:
    for certain in claimed_certain([text]):
        assert is_tensor(certain) is not False


@pytest.mark.parametrize("name", sorted(SEVERAL_MODULES))
def test_modules_of_several_outputs_exist(name: str) -> None:
    assert issubclass(pkgutil.resolve_name(name), torch.nn.Module)
