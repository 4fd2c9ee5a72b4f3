"""The tables of torch's switches and modules against the torch that is installed."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys

import libcst as cst
import pytest

from tests.rows import every_row
from torchdet.facts.expressions import literal_value
from torchdet.torch_api.switch_setters import SETTERS, Setter, SwitchParameter
from torchdet.torch_api.switches import (
    AUTOTUNING_SWITCHES,
    DETERMINISM_SWITCHES,
    PRECISION_SWITCHES,
)

FLAGS = {
    flag.name: flag for flag in (*AUTOTUNING_SWITCHES, *DETERMINISM_SWITCHES, *PRECISION_SWITCHES)
}
REMOVED = {"torch.set_deterministic", "torch.is_deterministic"}  # in torch 1.11
WITHOUT_SIGNATURE = {"torch._inductor.config.patch"}  # takes the settings as **kwargs
PARAMETERS = [
    pytest.param(setter, parameter, id=f"{setter.name}({parameter.keyword})")
    for setter in SETTERS
    if setter.name not in REMOVED | WITHOUT_SIGNATURE
    for parameter in setter.parameters
]


pytest.importorskip("torch", reason="names are checked against an installed torch")


def run_python(script: str) -> list[str]:
    """The words that ``script`` prints, run in a process of its own: it changes the process."""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_attributes_exist_and_take_the_good_value() -> None:
    attributes = {flag.name: flag.good_text for flag in FLAGS.values() if flag.attribute}
    script = f"import torch, torch._inductor.config\nfor name, good in {attributes}.items():\n" + (
        "    eval(name)\n"  # an attribute that doesn't exist raises
        "    exec(f'{name} = {good}')\n"
        "    print(name)\n"
    )
    assert run_python(script) == list(attributes)


def test_good_values_are_not_bad() -> None:
    for flag in FLAGS.values():
        assert literal_value(cst.parse_expression(flag.good_text)) not in flag.bad


@every_row(sorted({n for f in FLAGS.values() for n in f.readers} - REMOVED))
def test_reader_exists(name: str) -> None:
    assert callable(pkgutil.resolve_name(name))


@pytest.mark.parametrize(("setter", "parameter"), PARAMETERS)
def test_parameter_stands_where_the_table_says(setter: Setter, parameter: SwitchParameter) -> None:
    parameters = inspect.signature(pkgutil.resolve_name(setter.name)).parameters
    names = list(parameters)
    assert parameter.keyword in parameters
    if parameter.position is not None:
        assert names.index(parameter.keyword) == parameter.position
    else:
        assert parameters[parameter.keyword].kind is inspect.Parameter.KEYWORD_ONLY
    if parameter.implied is not None:
        assert parameters[parameter.keyword].default == parameter.implied
    assert parameter.flag in FLAGS


def test_flags_writes_what_it_is_not_asked_about() -> None:
    script = (
        "import torch\n"
        "cudnn = torch.backends.cudnn\n"
        "cudnn.deterministic, cudnn.allow_tf32 = True, False\n"
        "with cudnn.flags(enabled=True):\n"
        "    print(cudnn.deterministic, cudnn.allow_tf32)\n"
    )
    assert run_python(script) == ["False", "True"]
