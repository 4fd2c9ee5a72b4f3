"""What conditions say about the device of the code that they lead to."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText
from torchdet.reading.devices.device_conditions import is_established


def established(text: str, kind: str = "cuda") -> bool:
    """Whether the code that calls ``here()`` runs for devices of the type ``kind`` alone."""
    source = SourceText.decode(f"import sys\nimport torch\n{text}\n".encode())
    facts = FileFacts.parse(source, Wanted(frozenset({"Call"})))
    calls = (node for node in facts.index.nodes["Call"] if isinstance(node, cst.Call))
    here = next(call for call in calls if facts.code(call) == "here()")
    return is_established(kind, here, facts)


@pytest.mark.parametrize(
    "text",
    [
        'if d.type == "cuda":\n    here()',
        'if d.type != "cuda":\n    pass\nelse:\n    here()',
        'if a and d.type == "cuda":\n    d = 0\n    here()',
        "on_cuda = x.is_cuda\nif on_cuda:\n    here()",
        'def on_cuda(d):\n    return d.type == "cuda"\nif on_cuda(x):\n    here()',
        "if not torch.cuda.is_available():\n    sys.exit()\nhere()",
        "if a or not torch.cuda.is_available():\n    raise E\nif b:\n    here()",
        "if torch.cuda.is_available():\n    here()\nelse:\n    raise E",
        "assert torch.cuda.device_count() > 1\nhere()",
        'match d:\n    case "cuda":\n        here()',
        "y = x.is_cuda and here()",
    ],
)
def test_conditions_that_establish_cuda(text: str) -> None:
    assert established(text)


@pytest.mark.parametrize(
    "text",
    [
        "here()",
        "if torch.cuda.is_available():\n    here()",
        'if a or d.type == "cuda":\n    here()',
        'if d.type == "cuda":\n    pass\nhere()',
        'if d.type == "cuda":\n    raise E\nhere()',
        "if a and not torch.cuda.is_available():\n    raise E\nhere()",
        'if d.type == "cuda":\n    def f():\n        here()',
    ],
)
def test_conditions_that_do_not(text: str) -> None:
    assert not established(text)
