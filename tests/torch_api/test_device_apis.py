"""The catalogue of device interfaces against the torch that is installed."""

from __future__ import annotations

import csv
import inspect
import pkgutil
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from tests.rows import every_row
from torchdet.torch_api import device_apis as catalogue
from torchdet.torch_api.device_apis import (
    ApiKind,
    DeviceApi,
    Equivalence,
    Respelling,
    device_apis,
)

APIS = device_apis()
ROWS = list(APIS.values())
EQUIVALENTS = [api for api in ROWS if api.replacement is not None]
ONLY_IN_CUDA_BUILDS = {"torch.distributed.ProcessGroupNCCL"}


def resolve(name: str) -> object:
    """The object that a dotted name means; raises AttributeError or ImportError without one."""
    found: object = pkgutil.resolve_name(name)
    return found


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="names are checked against an installed torch")


def test_rows_are_sorted_and_unique() -> None:
    path = Path(catalogue.__file__).with_name("device_apis.csv")
    with path.open(newline="", encoding="utf-8") as stream:
        names = [row["name"] for row in csv.DictReader(stream)]
    assert names == sorted(set(names))
    assert len(names) == len(ROWS)


@every_row(ROWS, name=lambda api: api.name)
def test_row_is_consistent(api: DeviceApi) -> None:
    assert (api.replacement is None) == (api.sameness is Equivalence.NONE)
    assert api.since is None or api.replacement is not None
    assert api.source.startswith("torch/")
    if api.sameness in {Equivalence.SAME, Equivalence.SAME_ON_CUDA}:
        assert api.since is not None
    if api.rewrite is not Respelling.BY_HAND:
        assert api.replacement is not None


@every_row(ROWS, name=lambda api: api.name)
def test_name_exists(api: DeviceApi, torch: ModuleType) -> None:
    if api.name in ONLY_IN_CUDA_BUILDS and not torch.cuda.is_available():
        pytest.skip("absent from CPU builds")
    resolve(api.name)


@every_row(EQUIVALENTS, name=lambda api: api.name)
def test_replacement_exists(api: DeviceApi, torch: ModuleType) -> None:
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if not api.usable_in((version[0], version[1])):
        pytest.skip("newer than the torch that is installed")
    assert callable(resolve(api.replacement or "")) or api.sameness is Equivalence.RELATED


def test_every_public_name_of_torch_cuda_has_a_row(torch: ModuleType) -> None:
    missing = {name for name in torch.cuda.__all__ if f"torch.cuda.{name}" not in APIS}
    assert not missing


@every_row(
    [api for api in ROWS if (api.replacement or "").startswith("torch.accelerator.")],
    name=lambda api: api.name,
)
def test_accelerator_functions_take_no_keywords(api: DeviceApi, torch: ModuleType) -> None:
    """The fix drops the keyword of `device=`, because none of them accepts it."""
    function = resolve(api.replacement or "")
    if api.rewrite is Respelling.RENAME and inspect.isfunction(function):
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
        assert kinds <= {
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        }


def outcome(function: object, *args: int) -> str:
    """Whether a call "answers" or "raises"."""
    assert callable(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function(*args)
        except (AssertionError, AttributeError, RuntimeError):
            return "raises"
    return "answers"


@every_row(
    [
        api
        for api in ROWS
        if api.kind is ApiKind.FUNCTION
        and api.rewrite is Respelling.RENAME
        and api.sameness in {Equivalence.SAME, Equivalence.SAME_ON_CUDA}
    ],
    name=lambda api: api.name,
)
def test_without_an_accelerator_the_same_call_has_the_same_outcome(
    api: DeviceApi, torch: ModuleType
) -> None:
    if torch.accelerator.is_available():
        pytest.skip("says something about machines without an accelerator only")
    args = (0,) if api.name == "torch.cuda.set_device" else ()
    before = outcome(resolve(api.name), *args)
    after = outcome(resolve(api.replacement or ""), *args)
    if api.sameness is Equivalence.SAME:
        assert before == after
    else:
        assert (before, after) in {("answers", "raises"), ("answers", "answers")}


@every_row(
    [api for api in ROWS if api.kind is ApiKind.CLASS and "one class" in api.note],
    name=lambda api: api.name,
)
def test_one_class_under_two_names(api: DeviceApi, torch: ModuleType) -> None:
    assert resolve(api.name) is resolve(api.replacement or "")


@every_row(
    [api for api in ROWS if api.kind is ApiKind.TENSOR_TYPE],
    name=lambda api: api.name,
)
def test_tensor_types_have_the_dtype_that_is_named(api: DeviceApi, torch: ModuleType) -> None:
    assert resolve(api.dtype or "") is resolve(f"{api.name}.dtype")


@pytest.mark.parametrize(
    ("text", "expected"), [("2.6", True), ("2.5", False), ("2.13", True), ("3.0", True)]
)
def test_usable_in_compares_releases_as_numbers(text: str, expected: bool) -> None:
    major, _, minor = text.partition(".")
    assert APIS["torch.cuda.synchronize"].usable_in((int(major), int(minor))) is expected
