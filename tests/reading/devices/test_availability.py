"""What belongs to a choice by availability, so that other rules keep silent about it."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText
from torchdet.reading.devices.choice_parts import is_inside_availability_branch
from torchdet.reading.devices.probes import is_probe


def insides(text: str) -> list[bool]:
    """For each probe in ``text``, whether it belongs to a choice."""
    source = SourceText.decode(text.encode())
    facts = FileFacts.parse(source, Wanted(frozenset({"Call"})))
    probes = [node for node in facts.index.nodes["Call"] if is_probe(node, facts)]
    return [is_inside_availability_branch(probe, facts) for probe in probes]


@pytest.mark.parametrize(
    "text",
    [
        'd = "cuda" if torch.cuda.is_available() else "cpu"',
        'd = torch.device("cuda" if torch.cuda.is_available() else "cpu")',
        'd = torch.cuda.is_available() and "cuda" or "cpu"',
        'd = ["cpu", "cuda"][torch.cuda.is_available()]',
        'use = torch.cuda.is_available()\nd = "cuda" if use else "cpu"',
        'use = a and torch.cuda.is_available()\nd = torch.device("cuda" if use else "cpu")',
        'if torch.cuda.is_available():\n    d = torch.device("cuda")\nelse:\n    d = "cpu"',
        'device = "cpu"\nif torch.cuda.is_available():\n    device = "cuda"',
        'device = "cuda"\nif not torch.cuda.is_available():\n    device = "cpu"',
        'def get_device():\n  if torch.cuda.is_available():\n    return "cuda"\n  return "cpu"',
        'use = torch.cuda.is_available()\nif use:\n    device = "cuda"\nelse:\n    device = "cpu"',
        'd = torch.device("cuda", 0 if torch.cuda.is_available() else 1) if has_cuda() else "cpu"',
    ],
)
def test_probes_of_a_choice_are_inside(text: str) -> None:
    assert all(insides(f"import torch\n{text}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "use = torch.cuda.is_available()",
        "if torch.cuda.is_available():\n    torch.cuda.synchronize()",
        "d = rt.device if torch.cuda.is_available() else None",
        'train(torch.cuda.is_available(), device="cuda")',
        'x = f(torch.cuda.is_available(), "cuda" if given else "cpu")',
        'if torch.cuda.is_available():\n    x = x.to("cuda")',
        'if torch.cuda.is_available():\n    name = "large"\nelse:\n    name = "small"',
        'b = "nccl" if torch.cuda.is_available() else "gloo"',
    ],
)
def test_other_probes_are_not(text: str) -> None:
    assert not any(insides(f"import torch\n{text}\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("torch.cuda.is_available()", True),
        ("torch.xpu.device_count()", True),
        ("torch.backends.mps.is_built()", True),
        ("torch.accelerator.is_available()", True),
        ("is_torch_npu_available()", True),
        ("XLAAccelerator.is_available()", True),
        ("has_cuda()", True),
        ("torch.distributed.is_available()", False),
        ("service.is_available()", False),
        ("is_flash_attention_available()", False),
    ],
)
def test_probes(text: str, expected: bool) -> None:
    source = SourceText.decode(f"import torch\nanswer = {text}\n".encode())
    facts = FileFacts.parse(source, Wanted(frozenset({"Call"})))
    call = facts.index.nodes["Call"][0]
    assert isinstance(call, cst.Call)
    assert is_probe(call, facts) is expected
