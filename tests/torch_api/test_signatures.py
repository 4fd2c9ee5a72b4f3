"""The parameters that the catalogue gives, against those of the torch that is installed."""

from __future__ import annotations

import inspect
import pkgutil
from types import ModuleType

import pytest

from tests.rows import every_row
from tests.torch_api.without_recipe import READ_ONLY
from torchdet.torch_api.condition_language import Absent, Opaque
from torchdet.torch_api.signatures import (
    Parameter,
    Signature,
    read_signature,
    signature_of,
    spelled_parameters,
)

# They pass on whatever they are given.
FORWARDING = {
    "torch.utils.checkpoint.checkpoint": {"preserve_rng_state"},
    "torch.utils.checkpoint.checkpoint_sequential": {"preserve_rng_state"},
}


# They read their arguments themselves, as no schema says.
READING = {
    "torch.Tensor.__setitem__",
    "torch.Tensor.cuda",
    "torch.nn.Module.to",
    "torch.sparse.mm",
}


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    module: ModuleType = pytest.importorskip("torch", reason="parameters are those of torch itself")
    return module


def python_parameters(spelling: str) -> list[inspect.Parameter] | None:
    """The parameters that Python knows, ``self`` left out; None for functions written in C."""
    found = pkgutil.resolve_name(spelling)
    if spelling.startswith("torch.nn.functional.") and "_dispatch" in found.__qualname__:
        found = inspect.getclosurevars(found).nonlocals["if_true"]
    try:
        parameters = list(inspect.signature(found).parameters.values())
    except ValueError:
        return None
    return [each for each in parameters if each.name != "self"]


def expect_same(own: Parameter, known: inspect.Parameter, position: int) -> None:
    if known.kind is inspect.Parameter.KEYWORD_ONLY:
        assert own.position is None
    else:
        assert own.position == position
    if own.default == Absent():
        assert known.default is inspect.Parameter.empty
    elif own.default != Opaque():
        default = tuple(known.default) if isinstance(known.default, list) else known.default
        assert own.default == default


@every_row(
    sorted(
        spelling
        for spelling in set(spelled_parameters()) - READING
        if spelling.partition(".")[0] not in READ_ONLY
    )
)
def test_parameters_are_those_of_torch(spelling: str, torch: ModuleType) -> None:
    signature = signature_of(spelling)
    assert signature is not None
    known = python_parameters(spelling)
    if known is None or known[0].kind is inspect.Parameter.VAR_POSITIONAL:
        expect_schema(spelling, signature, torch)
        return
    positions = {each.name: position for position, each in enumerate(known)}
    by_name = {each.name: each for each in known}
    for name, parameter in signature.parameters.items():
        if name not in FORWARDING.get(spelling, set()):
            expect_same(parameter, by_name[name], positions[name])


def expect_schema(spelling: str, signature: Signature, torch: ModuleType) -> None:
    """Whether each parameter is one of some overload of the operator, at its position."""
    operator = spelling.rpartition(".")[2]
    overloads = torch._C._jit_get_schemas_for_operator(f"aten::{operator}")
    if not overloads:
        return
    is_method = spelling.startswith("torch.Tensor.")
    places: dict[str, set[int | None]] = {}
    for overload in overloads:
        for position, arg in enumerate(overload.arguments):
            place = None if arg.kwarg_only else position - is_method
            places.setdefault("input" if arg.name == "self" else arg.name, set()).add(place)
    for name, parameter in signature.parameters.items():
        assert name in places, (spelling, name, sorted(places))
        assert parameter.position in places[name] | {None}


def test_what_a_spelling_fixes_is_no_parameter_of_it() -> None:
    for spelling in spelled_parameters():
        signature = signature_of(spelling)
        assert signature is not None
        assert set(signature.fixed).isdisjoint(signature.parameters), spelling


def test_a_row_is_read() -> None:
    signature = read_signature("a, b=1, *, c='x', d=... | e=(0, 0)")
    assert signature.parameters["a"] == Parameter("a", 0, Absent())
    assert signature.parameters["c"] == Parameter("c", None, "x")
    assert signature.parameters["d"].default == Opaque()
    assert signature.fixed == {"e": (0, 0)}
    assert "e" in signature
    assert "f" not in signature


def test_other_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="no list of parameters"):
        read_signature("a=1, b")


def test_a_spelling_without_a_row_has_no_signature() -> None:
    assert signature_of("torch.no_such_function") is None
