"""The places that take a device, and the expressions that read one."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText
from torchdet.reading.devices.device_expressions import is_device_expression
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.positions import PositionKind, device_position


def parse(text: str) -> FileFacts:
    wanted = Wanted(frozenset({"SimpleString", "FormattedString"}))
    return FileFacts.parse(SourceText.decode(text.encode()), wanted)


def place(text: str) -> tuple[PositionKind, str] | None:
    """Where the first device literal is given to what takes a device, and what stands there."""
    facts = parse(text)
    literal = next(node for node in facts.index.nodes["SimpleString"] if device_text(node))
    assert isinstance(literal, cst.SimpleString)
    found = device_position(literal, facts)
    return (found.kind, facts.code(found.node)) if found is not None else None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("parser.add_argument('--gpu', default='cuda')\nx.to(parser.parse_args().gpu)", "OPTION"),
        ("place = 'cuda'\ny = torch.zeros(3, device=place)", "ASSIGNMENT"),
        ("def build(place):\n    x.to(place)\nbuild('cuda')", "ARGUMENT"),
        ("def build(place='cuda'):\n    x.to(place)", "DEFAULT"),
        ("def where():\n    return 'cuda'\nx.to(where())", "RETURN"),
        ("places = ['cuda:0', 'cuda:1']\nx.to(places[0])", "ELEMENT"),
        ("places = {'first': 'cuda'}\nx.to(places['first'])", "ELEMENT"),
        ("class A:\n    place = 'cuda'\n    def f(self):\n        x.to(self.place)", "ASSIGNMENT"),
    ],
)
def test_a_value_is_followed_to_what_takes_a_device(text: str, kind: str) -> None:
    assert place(f"import torch\n{text}\n") == (PositionKind[kind], literal_in(text))


def literal_in(text: str) -> str:
    return "'cuda:0'" if "cuda:0" in text else "'cuda'"


@pytest.mark.parametrize(
    "text",
    [
        'a = "cuda"\nb = a\na = b\nb = a\n',
        "for place in ['cuda', 'cpu']:\n    x.to(place)\n",
        "place = 'cuda'\nplace = 'cpu'\nx.to(place)\n",
        "def is_fast(place):\n    return x.to(place)\nis_fast('cuda')\n",
    ],
)
def test_other_values_are_in_no_place_for_a_device(text: str) -> None:
    assert place(text) is None


def test_the_outermost_expression_is_what_stands_in_the_place() -> None:
    assert place('x.to(given or "cuda")') == (PositionKind.ARGUMENT, 'given or "cuda"')


@pytest.mark.parametrize(
    "text",
    [
        "x.device",
        "device",
        "x.device.type",
        "str(device)",
        "args.map_location",
        "config['device']",
        "str(x.device).split(':')[0]",
        "torch.device(kind_of_device)",
    ],
)
def test_expressions_that_read_a_device(text: str) -> None:
    facts = parse(f"import torch\n{text}\n")
    assert is_device_expression(expression(facts), facts)


@pytest.mark.parametrize(
    "text", ["x", "backend", "config['seed']", "x.dtype.type", "len(devices)", "device_count()"]
)
def test_expressions_that_do_not(text: str) -> None:
    facts = parse(f"import torch\n{text}\n")
    assert not is_device_expression(expression(facts), facts)


def expression(facts: FileFacts) -> cst.BaseExpression:
    line = facts.module.body[-1]
    assert isinstance(line, cst.SimpleStatementLine)
    statement = line.body[0]
    assert isinstance(statement, cst.Expr)
    return statement.value
