"""Properties of values, followed through the flow of a file."""

from __future__ import annotations

import gc
import weakref

import libcst as cst
import pytest

from torchdet.facts.expressions import last_name
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.inductive import Every, Judgement, Some, inductive
from torchdet.model.source import SourceText


def judge(node: cst.BaseExpression, _facts: FileFacts) -> Judgement:
    if isinstance(node, cst.Integer):
        return True
    if isinstance(node, cst.BinaryOperation):
        return Every((node.left, node.right))
    if isinstance(node, cst.Call) and last_name(node.func) == "either":
        return Some(tuple(arg.value for arg in node.args))
    return None


def is_annotated(annotation: cst.BaseExpression, _facts: FileFacts) -> bool:
    return last_name(annotation) == "int"


is_number = inductive(judge, is_annotated)


def facts_of(text: str) -> FileFacts:
    return FileFacts.parse(SourceText(text), Wanted())


def asked(facts: FileFacts) -> cst.BaseExpression:
    """The argument of the last call of ``ask``."""
    call = facts.parent(facts.index.uses["ask"][-1].node)
    assert isinstance(call, cst.Call)
    return call.args[0].value


@pytest.mark.parametrize(
    "text",
    [
        "ask(1)",
        "x = 1\ny = x\nask(y + 2)",
        "x = 1 if c else 2\nask(x)",
        "x = None\nif c:\n    x = 1\nask(x)",
        "x = 1\nfor i in r:\n    x = x + 1\nask(x)",
        "x = 1\nx += 2\nask(x)",
        "a, b = 1, f()\nask(a)",
        "a, *b = f(), 1, 2\nask(b)",
        "for x in [1, 2]:\n    ask(x)",
        "ask((1, 2)[i])",
        "ask(either(1, f()))",
        "def f(x: int):\n    ask(x)",
        "def f():\n    return 1\nask(f())",
        "def f():\n    return f(), 1\na, b = f()\nask(b)",
        "def _f(x, y=2):\n    ask(x + y)\n_f(1)\n_f(2, y=3)",
        "class C:\n    def __init__(s):\n        s.x = 1\n    def m(self):\n        ask(self.x)",
        "x = 1\nif c:\n    ask(x)\nx = f()",
    ],
)
def test_what_is_made_of_such_values_alone_has_the_property(text: str) -> None:
    facts = facts_of(text)
    assert is_number(asked(facts), facts)


@pytest.mark.parametrize(
    "text",
    [
        "ask(f())",
        "ask(x)",
        "ask(None)",
        "x = 1\nif c:\n    x = f()\nask(x)",
        "x = f()\nfor i in r:\n    x = x + 1\nask(x)",
        "x = 1\nx += f()\nask(x)",
        "a, b = 1, f()\nask(b)",
        "ask(either(f(), g()))",
        "def f(x):\n    ask(x)\nf(1)",
        "def _f(x):\n    ask(x)\n_f(1)\n_f(g())",
        "def _f(x):\n    ask(x)\n_f(*a)",
        "def f():\n    yield 1\nask(f())",
        "class C:\n    def m(self):\n        self.x, self.x = 1, f()\n        ask(self.x)",
        "with 1 as x:\n    ask(x)",
        "x = 1\nfrom m import *\nask(x)",
    ],
)
def test_one_other_value_takes_it_away(text: str) -> None:
    facts = facts_of(text)
    assert not is_number(asked(facts), facts)


def test_a_value_that_is_made_of_parts_of_itself_has_an_answer() -> None:
    facts = facts_of("x = f()\nfor i in r:\n    x = x[0]\n    x, y = y, x\nask(x)")
    assert not is_number(asked(facts), facts)


def test_answers_do_not_keep_the_file_alive() -> None:
    facts = facts_of("x = 1\nask(x)")
    is_number(asked(facts), facts)
    kept = weakref.ref(facts)
    gc.disable()
    try:
        del facts
        assert kept() is None
    finally:
        gc.enable()
