"""Where a value comes from: the last line of each case is the expression that is asked about."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchdet.facts.expressions import literal_value
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.origins import origins
from torchdet.model.source import SourceText


def asked(text: str) -> tuple[FileFacts, cst.BaseExpression]:
    facts = FileFacts.parse(SourceText(textwrap.dedent(text)), Wanted(frozenset({"Expr"})))
    statement = facts.index.nodes["Expr"][-1]
    assert isinstance(statement, cst.Expr)
    return facts, statement.value


@pytest.mark.parametrize(
    ("text", "literals", "complete"),
    [
        ("True", {True}, True),
        ("'high'", {"high"}, True),
        ("-1", {-1}, True),
        ("True if f() else False", {True, False}, True),
        ("f() or 'tf32'", {"tf32"}, False),
        ("x = 'a'\ny = x\ny", {"a"}, True),
        ("x = 'a'\nx = 'b'\nx", {"a", "b"}, True),
        ("x = 1\nx = f()\nx", {1}, False),
        ("def f(x=True):\n    x", {True}, False),
        ("def f(x):\n    x", set(), False),
        ("self.x = True\nself.x", {True}, False),
        ("(x := 'a')\nx", {"a"}, True),
        ("for x in 'ab':\n    x", set(), False),
        ("x = x\nx", set(), True),
        ("import torch\ntorch.backends.cudnn.benchmark = True\ntorch.backends.cudnn.benchmark",
         set(), False),
    ],
)  # fmt: skip
def test_literals_that_reach_a_value(text: str, literals: set[object], complete: bool) -> None:
    facts, value = asked(text)
    found = origins(value, facts)
    assert found.literals == literals
    assert found.complete is complete


def test_a_long_chain_ends() -> None:
    chain = "\n".join(f"x{i + 1} = x{i}" for i in range(500))
    facts, value = asked(f"x0 = True\n{chain}\nx500")
    assert origins(value, facts).complete is False


@given(st.one_of(st.booleans(), st.integers(), st.text(alphabet="abc'\"\\\n{}")))
def test_literal_value_is_what_python_evaluates(value: bool | int | str) -> None:
    assert literal_value(cst.parse_expression(repr(value))) == value


@pytest.mark.parametrize("text", ["None", "x", "f'a'", "b'a'", "1.5", "f(True)"])
def test_other_expressions_have_no_literal_value(text: str) -> None:
    assert literal_value(cst.parse_expression(text)) is None
