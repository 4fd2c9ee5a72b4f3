"""Places found line by line against those from writing the whole module."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.locate import locate
from torchdet.model.source import SourceText

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("src/torchdet/[fme]*/*.py"))[::4]

LINES = [
    "f(a)\nf(a)\nif b:\n    f(a)\n    f(c)\n",
    "x = 1\n\n\n# f(a)\nf(a)\n'''\nf(a)\n'''\nf(a)  # f(a)\n",
    "'''\nf(a)\n'''\nif x:\n\tf(a); f(b)\n\r\n\r\n# c\nf(a)\n",
    "xf(a)\nf(a)\n",
    "def g():\n    f(a)\ndef h():\n    f(a)\n\nf(a)",
    "f(a)\r\n\r\nf(b)\r\nf(c)\n\nf(b)\n\rf(d)\r",
    "match f(a):\n  case 1:\n      f(b)\n  case 2: f(b)\nwhile f(c): f(d)\n",
    "class A:\n\n  x = f(a)\n  @f(b)\n  def y(self, z=f(c)): return f(\n d)\n",
    "\f\nf(a)\n\f\nf(b)\n",
    "if x:\n    # lead\n\n    f(a)\n\n    # lead\n\n    f(a)\n",
]


@pytest.mark.parametrize("text", [*LINES, *(path.read_text(encoding="utf-8") for path in FILES)])
def test_each_node_alone_is_found_where_it_is_among_all(text: str) -> None:
    try:
        facts = FileFacts.parse(SourceText(text), Wanted(frozenset({"Call", "Name"})))
    except ValueError:
        pytest.fail(f"not Python: {text!r}")
    nodes = [node for bucket in facts.index.nodes.values() for node in bucket][:150]
    every = locate(facts.module, text, nodes)
    assert every.faithful
    for node in nodes:
        alone = locate(facts.module, text, [node], facts.index.parents)
        assert alone.faithful
        assert alone.spans[node] == every.spans[node]
        assert alone.begins[node] == every.begins[node]
    together = locate(facts.module, text, nodes, facts.index.parents)
    assert together.spans == every.spans


def test_no_line_is_taken_for_another() -> None:
    text = "'''\nf(a)\n'''\nf(a)\n"
    facts = FileFacts.parse(SourceText(text), Wanted(frozenset({"Call"})))
    (call,) = facts.index.nodes["Call"]
    assert isinstance(call, cst.Call)
    start, end = locate(facts.module, text, [call], facts.index.parents).spans[call]
    assert (start, end) == (text.rindex("f(a)"), len(text) - 1)
