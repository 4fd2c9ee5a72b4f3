"""The fix of DET304 against PyTorch itself."""

from __future__ import annotations

import pytest
import torch

from tests.findings.test_pages import check
from tests.findings.test_undecided import found_undecided
from torchdet.edit.apply import apply_fixes
from torchdet.findings.devices.availability_branch.rule import RULE

CHOICES = [
    '"cuda" if torch.cuda.is_available() else "cpu"',
    'torch.device("cuda" if torch.cuda.is_available() else "cpu")',
    '"cpu" if not torch.cuda.is_available() else "cuda"',
    'torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")',
    '"cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu"',
]


@pytest.mark.parametrize("choice", CHOICES)
def test_fixed_choice_gives_the_same_device_on_machines_that_it_asked_for(choice: str) -> None:
    """Holds on a machine with CUDA, with MPS in the last case, and with no accelerator."""
    source = f"import torch\ndevice = {choice}\n"
    fixes = [d.fix for d in check(RULE, source).diagnostics if d.fix is not None]
    fixed = apply_fixes(source, fixes).text
    assert fixed != source
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    exec(source, before)
    exec(fixed, after)
    assert after["device"] == before["device"]
    assert torch.device(str(after["device"])).type in {"cpu", "cuda", "mps"}


CENTRAL = """\
import torch


def get_device():
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
"""
ASSIGNED = """\
import torch


def get_device():
    if torch.cuda.is_available():
        name = "cuda"
    elif torch.xpu.is_available():
        name = "xpu"
    else:
        name = "cpu"
    return torch.device(name)
"""
FOR_ONE_MAKER = """\
import torch


def get_device():
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("cpu")
"""
IN_PASSING = """\
import torch


def train(x):
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu"
    return x.to(device)
"""


@pytest.mark.parametrize(
    ("source", "rows"), [(CENTRAL, []), (ASSIGNED, []), (FOR_ONE_MAKER, [5]), (IN_PASSING, [5])]
)
def test_one_function_with_an_arm_for_each_maker_is_the_place_to_ask(
    source: str, rows: list[int]
) -> None:
    assert [each.span.start.row for each in found_undecided(RULE, source)] == rows


@pytest.mark.parametrize("source", [CENTRAL, ASSIGNED])
def test_the_runtime_answers_in_the_place_of_such_a_function(source: str) -> None:
    assert [each.span.start.row for each in check(RULE, source).diagnostics] == [5]
