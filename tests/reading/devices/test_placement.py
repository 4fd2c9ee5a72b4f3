"""Where a tensor or generator lies: the last line of each case is the expression asked about."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest

from torchdet.facts.expressions import last_name
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.walk import descendants
from torchdet.model.source import SourceText
from torchdet.reading.devices.placement import Placement, moved_to, placement_of


def asked(text: str) -> tuple[cst.BaseExpression, FileFacts]:
    source = SourceText("import torch\n" + textwrap.dedent(text))
    facts = FileFacts.parse(source, Wanted(frozenset({"Expr"})))
    statement = facts.index.nodes["Expr"][-1]
    assert isinstance(statement, cst.Expr)
    return statement.value, facts


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("torch.zeros(3)", {"cpu"}),
        ("torch.zeros(3, device=None)", {"cpu"}),
        ("torch.zeros(3, device='mps')", {"mps"}),
        ("torch.zeros(3, device=torch.device('cuda:1'))", {"cuda"}),
        ("torch.zeros(3, device='mps').view(1, 3).double()", {"mps"}),
        ("torch.zeros(3).to('mps').to(torch.float32)", {"mps"}),
        ("device = 'mps'\ntorch.zeros(3, device=device)", {"mps"}),
        ("device = 'cuda' if wanted else 'cpu'\ntorch.zeros(3, device=device)", {"cuda", "cpu"}),
        ("x = torch.ones(2, device='mps')\nx", {"mps"}),
        ("x = torch.ones(2)\nx = x.to('mps')\nx", {"mps"}),
        ("def make():\n    return torch.ones(2, device='mps')\nmake()", {"mps"}),
        ("def on(d):\n    return torch.ones(2, device=d)\non('mps')", set()),
        ("x = torch.ones(2, device='mps')\ntorch.zeros(3, device=x.device)", {"mps"}),
        ("torch.Generator('cuda').manual_seed(0)", {"cuda"}),
        ("d = torch.device('cpu')\ntorch.zeros(3, device=d)", {"cpu"}),
        ("torch.zeros(3, device=args.device)", set()),
        ("def f(d='cpu'):\n    torch.zeros(3, device=d)", set()),
    ],
)
def test_known_places(text: str, types: set[str]) -> None:
    found = placement_of(*asked(text))
    assert found is not None
    assert found.types == types


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "load()",
        "torch.zeros(3, **options)",
        "torch.zeros_like(x)",
        "x = torch.ones(2)\nif c:\n    x = x.to('mps')\nx",
        "y = load()\ntorch.zeros(3, device=y.device)",
        "torch.zeros(3).to(somewhere)",
    ],
)
def test_places_that_the_file_does_not_tell(text: str) -> None:
    assert placement_of(*asked(text)) is None


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("torch.zeros(3).double().to('mps')", {"mps"}),
        ("torch.zeros(3).double().reshape(1, 3).to(device='mps')", {"mps"}),
        ("x = torch.zeros(3).double()\nd = 'mps'\nx.to(d)", {"mps"}),
        ("def put(x):\n    return x.to('mps')\nput(torch.zeros(3).double())", {"mps"}),
        ("torch.zeros(3).double().to('cuda')", None),
        ("torch.zeros(3).double().to('mps', torch.float32)", None),
        ("torch.zeros(3).double().float().to('mps')", None),
        ("x = torch.zeros(3).double()\nif c:\n    x = x.float()\nx.to('mps')", None),
        ("torch.zeros(3).double()\n", None),
    ],
)
def test_moves_of_a_value_that_keeps_its_dtype(text: str, types: set[str] | None) -> None:
    _, facts = asked(text)
    calls = (node for node in descendants(facts.module) if isinstance(node, cst.Call))
    made = next(call for call in calls if last_name(call.func) == "double")
    found = moved_to("mps", made, facts)
    assert (found.types if found is not None else None) == types


@pytest.mark.parametrize(
    ("left", "right", "targets", "differs"),
    [
        ({"cpu"}, {"mps"}, ("mps",), True),
        ({"cpu"}, {"mps"}, ("cuda",), False),
        ({"cpu"}, {"cpu"}, ("mps",), False),
        ({"cpu"}, set(), ("mps",), True),
        ({"cpu"}, set(), ("cpu",), False),
        (set(), set(), ("mps",), False),
        ({"mps"}, set(), ("mps",), False),
        ({"cuda", "cpu"}, {"cpu"}, ("cuda",), False),
    ],
)
def test_differs_on(
    left: set[str], right: set[str], targets: tuple[str, ...], differs: bool
) -> None:
    one, other = Placement(frozenset(left), "a"), Placement(frozenset(right), "b")
    assert one.differs_on(other, targets) is differs
    assert other.differs_on(one, targets) is differs
