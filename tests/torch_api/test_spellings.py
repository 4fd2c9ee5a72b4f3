"""Every name of torch that `torch_api` keeps by hand means something in the installed torch."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType

import pytest

import torchdet.torch_api
from torchdet.torch_api import checkpoints, data_loading, device_arguments, tensor_methods
from torchdet.torch_api.device_arguments import device_factories, making_methods
from torchdet.torch_api.public_names import classes_of
from torchdet.torch_api.random_numbers import filling_draws, tensor_draws

torch = pytest.importorskip("torch", reason="names are those of an installed torch")

NOT_IN_THIS_BUILD = {
    *(f"torch.{kind}.is_available" for kind in ("hpu", "xla", "maia", "ipu", "hip", "fpga")),
    *(f"torch.{kind}.is_available" for kind in ("vulkan", "opencl", "privateuseone", "npu", "mlu")),
    *(f"torch.{kind}.is_available" for kind in ("musa", "sdaa", "neuron", "tpu")),
}
REMOVED = {
    *("torch.set_deterministic", "torch.is_deterministic", "torch.eig", "torch.lstsq"),
    *("torch.matrix_rank", "torch.symeig", "torch.lu_solve", "torch.saddmm"),
}
CHECKED_ELSEWHERE = {
    "switch_setters",
    "torch_modules",
    "returns",
    "device_apis",
    "operations",
    "signatures",
    "switches",
}


def hand_kept(module: ModuleType) -> Iterable[tuple[str, str]]:
    """The constants of a module that hold qualified names of torch, with each name."""
    for constant, value in vars(module).items():
        if not constant.isupper() and not constant.lstrip("_").isupper():
            continue
        values = [value] if isinstance(value, str) else value
        if isinstance(values, (tuple, frozenset, Mapping, list)):
            for name in values:
                is_name = isinstance(name, str) and not name.endswith(".")  # a prefix is none
                if is_name and name.startswith("torch."):
                    yield constant, name


def resolved(name: str) -> Callable[..., object]:
    """What a name means: ``torch.nn.parallel.data_parallel`` is a function and a module, too."""
    owner, _, last = name.rpartition(".")
    found: Callable[..., object] = getattr(pkgutil.resolve_name(owner), last)
    return found


def exists(name: str) -> bool:
    try:
        resolved(name)
    except (AttributeError, ImportError, ValueError):
        return False
    return True


def test_hand_kept_names_exist() -> None:
    unknown = []
    for info in pkgutil.iter_modules(torchdet.torch_api.__path__):
        if info.name in CHECKED_ELSEWHERE:
            continue
        module = importlib.import_module(f"torchdet.torch_api.{info.name}")
        for constant, name in hand_kept(module):
            if name not in NOT_IN_THIS_BUILD | REMOVED and not exists(name):
                unknown.append(f"{info.name}.{constant}: {name}")
    assert unknown == []


def test_hand_kept_methods_are_methods_of_tensors() -> None:
    other_builds = {*device_arguments.DEVICE_METHODS}
    functions = set(dir(torch)) | {"to_empty"}
    unknown = []
    for constant, value in vars(tensor_methods).items():
        if constant.isupper():
            unknown += [
                f"{constant}: {name}"
                for name in value
                if not (exists(name) if "." in name else hasattr(torch.Tensor, name))
                and name not in functions | other_builds
            ]
    assert unknown == []


@pytest.mark.parametrize(
    ("table", "parameter"),
    [
        (checkpoints.CHECKPOINT_READERS, "map_location"),
        (data_loading.RANDOM_SAMPLERS, "generator"),
        (data_loading.RANDOM_SPLITS, "generator"),
    ],
)
def test_parameters_are_where_the_tables_say(table: Mapping[str, int], parameter: str) -> None:
    for name, position in table.items():
        parameters = list(inspect.signature(resolved(name)).parameters)
        assert parameters.index(parameter) == position, name


def test_wrappers_take_devices_where_the_table_says() -> None:
    for name, (ids, output) in device_arguments.DATA_PARALLEL_WRAPPERS.items():
        parameters = list(inspect.signature(resolved(name)).parameters)
        assert (parameters.index("device_ids"), parameters.index("output_device")) == (ids, output)


def test_factories_take_a_device() -> None:
    assert {"torch.zeros", "torch.tensor", "torch.Generator"} <= device_factories()
    assert "torch.relu" not in device_factories()
    assert making_methods() >= {"new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"}


def test_draws_are_those_that_take_a_generator() -> None:
    assert tensor_draws() == {
        f"torch.{name}"
        for name in (
            *("normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like"),
            "randperm",
        )
    }
    x = torch.empty(3)
    for name in filling_draws():
        arguments = (0.5,) if name == "geometric_" else ()
        getattr(x, name)(*arguments, generator=torch.Generator())


def test_loaders_are_all_spellings_of_the_class() -> None:
    assert set(data_loading.DATA_LOADERS) == classes_of("data loader")
