"""Which of some nodes of a body can run next, and which ran last."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText


def calls_in(text: str) -> tuple[FileFacts, dict[str, cst.Call]]:
    """The facts of ``text`` and its calls of functions with a name of one letter."""
    facts = FileFacts.parse(SourceText(textwrap.dedent(text)), Wanted(frozenset({"Call"})))
    calls = [node for node in facts.index.nodes["Call"] if isinstance(node, cst.Call)]
    named = [(facts.code(call.func), call) for call in calls]
    return facts, {name: call for name, call in named if len(name) == 1}


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("a()\nb()\nc()\n", "b"),
        ("a(b())\n", ""),
        ("b(a())\n", "b"),
        ("if x:\n    a()\n    b()\nc()\n", "b"),
        ("a()\nif x:\n    b()\nc()\n", "bc"),
        ("a()\nif x:\n    b()\nelse:\n    c()\nd()\n", "bc"),
        ("for i in r:\n    b()\n    a()\nc()\n", "bc"),
        ("for i in r:\n    a()\n", "a"),
        ("a()\nreturn_ = x or b()\nc()\n", "bc"),
        ("a()\ndef f():\n    b()\nc()\n", "b"),
        ("a()\nraise x\nb()\n", ""),
    ],
)
def test_what_runs_next(text: str, following: str) -> None:
    facts, calls = calls_in(text)
    found = facts.flow.succession(calls["a"], calls.values()).after(calls["a"])
    assert [facts.code(each.func) for each in found if isinstance(each, cst.Call)] == [*following]


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("c()\nb()\na()\n", "b"),
        ("a(b())\n", "b"),
        ("b(a())\n", "-"),
        ("if x:\n    b()\na()\n", "-b"),
        ("c()\nif x:\n    b()\na()\n", "cb"),
        ("if x:\n    c()\nelse:\n    b()\na()\n", "cb"),
        ("b()\nfor i in r:\n    a()\n", "ba"),
        ("for i in r:\n    c()\n    a()\n", "c"),
        ("b()\ndef f():\n    c()\na()\n", "c"),
        ("if x:\n    b()\n    raise x\na()\n", "-"),
    ],
)
def test_what_ran_last(text: str, earlier: str) -> None:
    facts, calls = calls_in(text)
    found = facts.flow.succession(calls["a"], calls.values()).before(calls["a"])
    named = [facts.code(each.func) if isinstance(each, cst.Call) else "-" for each in found]
    assert named == [*earlier]


def test_what_runs_first() -> None:
    facts, calls = calls_in("def f(x):\n    if x:\n        a()\n    b()\n    c()\n")
    succession = facts.flow.succession(calls["a"], calls.values())
    assert succession.first() == (calls["a"], calls["b"])


def test_operators_run_after_their_operands() -> None:
    facts, calls = calls_in("x = 2 * a()[1] < y\n")
    operators = (cst.Subscript, cst.BinaryOperation, cst.Comparison)
    above = [each for each in facts.ancestors(calls["a"]) if isinstance(each, operators)]
    nodes: list[cst.CSTNode] = [calls["a"], *above]
    succession = facts.flow.succession(calls["a"], nodes)
    assert [succession.after(node) for node in nodes] == [(node,) for node in nodes[1:]] + [()]
