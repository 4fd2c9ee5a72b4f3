"""The fix of DET304 against PyTorch itself."""

from __future__ import annotations

import pytest
import torch

from tests.findings.test_pages import check
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
