"""The places to which a value flows, beyond the first one that a finding needs."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText
from torchdet.reading.devices.device_expressions import is_device_expression
from torchdet.reading.devices.device_text import device_text
from torchdet.reading.devices.positions import PositionKind, positions
from torchdet.reading.devices.sinks import DEVICE_SINKS


def parse(text: str) -> FileFacts:
    wanted = Wanted(frozenset({"SimpleString", "FormattedString"}))
    return FileFacts.parse(SourceText.decode(text.encode()), wanted)


def places(text: str) -> list[tuple[PositionKind, str]]:
    """Where the first device literal goes: kind, and the expression that stands there."""
    facts = parse(text)
    literal = next(node for node in facts.index.nodes["SimpleString"] if device_text(node))
    assert isinstance(literal, cst.SimpleString)
    found = positions(literal, facts, DEVICE_SINKS)
    return [(each.kind, facts.code(each.node)) for each in found]


def test_an_option_comes_first_and_then_every_read_of_its_value() -> None:
    text = """\
import torch
parser.add_argument("--device", default="cuda")
args = parser.parse_args()
print(args.device)
model.to(args.device)
if args.device == "cuda":
    x = torch.zeros(3, device=args.device)
"""
    assert places(text) == [
        (PositionKind.OPTION, '"cuda"'),
        (PositionKind.ARGUMENT, "args.device"),
        (PositionKind.ARGUMENT, "args.device"),
    ]


def test_a_value_is_followed_through_names_attributes_and_calls() -> None:
    text = """\
import torch
place = "cuda"
class Net:
    def __init__(self, where):
        self.where = where
    def run(self, x):
        return x.to(self.where)
net = Net(place)
y = torch.zeros(3, device=place)
"""
    assert places(text) == [
        (PositionKind.ASSIGNMENT, '"cuda"'),
        (PositionKind.ARGUMENT, "place"),
        (PositionKind.ASSIGNMENT, "where"),
        (PositionKind.ARGUMENT, "self.where"),
        (PositionKind.ARGUMENT, "place"),
    ]


def test_an_argument_of_a_local_function_is_one_place() -> None:
    text = """\
def build(size, device):
    return torch.zeros(size, device=device)
build(3, device="cuda")
"""
    assert places(text) == [(PositionKind.ARGUMENT, '"cuda"'), (PositionKind.ARGUMENT, "device")]


def test_names_that_refer_to_each_other_end() -> None:
    assert places('a = "cuda"\nb = a\na = b\nb = a\n') == []


def test_the_outermost_expression_is_what_stands_in_the_place() -> None:
    assert places('x.to(given or "cuda")') == [(PositionKind.ARGUMENT, 'given or "cuda"')]


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
