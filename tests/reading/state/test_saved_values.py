"""Values that put back what was read: the last line of each case is the value asked about."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText
from torchdet.reading.state.saved_values import restores

READERS = ("torch.get_default_dtype", "torch.backends.cudnn.benchmark")


def asked(text: str) -> bool:
    facts = FileFacts.parse(SourceText(text), Wanted(frozenset({"Expr"})))
    statement = facts.index.nodes["Expr"][-1]
    assert isinstance(statement, cst.Expr)
    return restores(statement.value, READERS, facts)


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nold = torch.get_default_dtype()\nold",
        "from torch.backends import cudnn\nold = cudnn.benchmark\nold",
        "import torch\nclass Flag:\n    def __init__(self):\n        self.old = None\n"
        "    def __enter__(self):\n        self.old = torch.backends.cudnn.benchmark\n"
        "    def __exit__(self, *_):\n        self.old",
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n"
        "old = torch.get_default_dtype()\nold",
    ],
)
def test_what_was_read_before_restores(text: str) -> None:
    assert asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "None",
        "import torch\nold = torch.float32\nold",
        "import torch\nold = torch.get_default_dtype()\nold = torch.float64\nold",
        "def f(old):\n    old",
    ],
)
def test_other_values_do_not_restore(text: str) -> None:
    assert not asked(text)
