"""The conditions of nodes, what they imply, and the order in which nodes run."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import pytest

from torchdet.facts.expressions import last_name
from torchdet.facts.flow.branch_conditions import instance_test, none_test
from torchdet.facts.flow.order import Order

from .asking import Program


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("if a: use(x)", [("a", True)]),
        ("if a: pass\nelse: use(x)", [("a", False)]),
        ("if a: pass\nelif b: use(x)", [("b", True), ("a", False)]),
        ("if not a: use(x)", [("a", False)]),
        ("if a and b: use(x)", [("b", True), ("a", True)]),
        ("if a or b: use(x)", [("a or b", True)]),
        ("if a or b: pass\nelse: use(x)", [("b", False), ("a", False)]),
        ("a and use(x)", [("a", True)]),
        ("a or use(x)", [("a", False)]),
        ("use(x) if a else 0", [("a", True)]),
        ("y = 0 if a else use(x)", [("a", False)]),
        ("while a: use(x)", [("a", True)]),
        ("while a: pass\nuse(x)", [("a", False)]),
        ("while a:\n    if b: break\nuse(x)", []),
        ("assert a\nuse(x)", [("a", True)]),
        ("[use(x) for y in z if a]", [("a", True)]),
        ("def f():\n    if a: return\n    use(x)", [("a", False)]),
        ("def f():\n    if a: raise E\n    use(x)", [("a", False)]),
        ("import sys\nif a: sys.exit(1)\nuse(x)", [("a", False)]),
        ("for y in z:\n    if a: continue\n    use(x)", [("a", False)]),
        ("try:\n    if a: raise E\nexcept E: pass\nuse(x)", []),
        ("def f():\n    try:\n        if a: return\n    finally:\n        use(x)", []),
        (
            "def f():\n    try:\n        if a: return\n    finally:\n        g()\n    use(x)",
            [("a", False)],
        ),
        ("match a:\n    case 1: use(x)", [("a", True)]),
        ("if a:\n    pass\nuse(x)", []),
    ],
)
def test_conditions(text: str, held: list[tuple[str, bool]]) -> None:
    program = Program(text)
    assert program.held(program.asked()) == held


def test_a_condition_on_a_name_that_changes_is_no_longer_current() -> None:
    program = Program("def f(x):\n    if x is None:\n        x = 0\n        use(x)")
    (condition,) = program.flow.conditions(program.asked())
    assert not condition.current
    assert not program.flow.facts(program.asked(), lambda test, holds: [holds])


def test_a_condition_on_an_attribute_that_changes_is_no_longer_current() -> None:
    program = Program("if o.x is None:\n    use(1)\n    o.x = 0\n    use(2)")
    before, after = program.find("1"), program.find("2")
    assert program.flow.conditions(before)[0].current
    assert not program.flow.conditions(after)[0].current


def cuda(test: cst.BaseExpression, holds: bool) -> Iterator[str]:
    """What a rule knows: ``available()`` asks for CUDA."""
    if isinstance(test, cst.Call) and last_name(test.func) == "available":
        yield "cuda" if holds else "no cuda"


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("if available(): use(x)", {"cuda"}),
        ("if not available():\n    raise E\nuse(x)", {"cuda"}),
        ("use_cuda = available() and not args.no_cuda\nif use_cuda: use(x)", {"cuda"}),
        ("use_cuda = available() and not args.no_cuda\nif not use_cuda: use(x)", set()),
        ("use_cuda = not available()\nif use_cuda: use(x)", {"no cuda"}),
        ("def ok():\n    return available()\nif ok(): use(x)", {"cuda"}),
        (
            "def ok():\n    if available():\n        return True\n    return False\n"
            "if ok(): use(x)",
            {"cuda"},
        ),
        ("flag = False\nif available():\n    flag = True\nif flag: use(x)", {"cuda"}),
        ("flag = True if available() else False\nif flag: use(x)", {"cuda"}),
        ("if available() or y: use(x)", set()),
        ("if (available() and y) or (z and available()): use(x)", {"cuda"}),
        ("if bool(available()): use(x)", {"cuda"}),
        (
            "class A:\n    def __init__(self):\n        self.on = available()\n"
            "    def f(self):\n        if self.on: use(x)",
            {"cuda"},
        ),
        ("a = b\nb = a\nif a: use(x)", set()),
    ],
)
def test_what_conditions_imply(text: str, facts: set[str]) -> None:
    program = Program(text)
    assert program.flow.facts(program.asked(), cuda) == facts


def test_long_chains_and_deep_names_do_not_recurse() -> None:
    names = "".join(f"n{i + 1} = n{i}\n" for i in range(3000))
    chain = " and ".join(["y"] * 900)
    program = Program(f"n0 = available() and {chain}\n{names}if n3000: use(x)")
    assert program.flow.facts(program.asked(), cuda) == {"cuda"}


def test_none_and_instance_tests() -> None:
    program = Program("a is not None\nNone is b\nisinstance(c, (int, str))")
    first, second = program.find("a is not None"), program.find("None is b")
    found = none_test(first, False)
    assert found is not None
    assert (program.code(found.subject), found.is_none) == ("a", True)
    found = none_test(second, True)
    assert found is not None
    assert (program.code(found.subject), found.is_none) == ("b", True)
    asked = instance_test(program.find("isinstance(c, (int, str))"), True)
    assert asked is not None
    assert [program.code(each) for each in asked.types] == ["int", "str"]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a()\nb()", Order.CERTAINLY),
        ("b()\na()", Order.NEVER),
        ("if c: a()\nb()", Order.POSSIBLY),
        ("if c: a()\nelse: b()", Order.NEVER),
        ("for x in y:\n    b()\n    a()", Order.POSSIBLY),
        ("a()\ndef f():\n    b()", Order.CERTAINLY),
        ("def f():\n    b()\na()", Order.POSSIBLY),
        ("try:\n    a()\nexcept E:\n    b()", Order.POSSIBLY),
        ("f(a(), b())", Order.CERTAINLY),
    ],
)
def test_order(text: str, order: Order) -> None:
    program = Program(text)
    assert program.flow.before(program.find("a()"), program.find("b()")) is order


def test_loops_branches_and_import_time() -> None:
    program = Program("a()\nfor x in y:\n    b()\ndef f():\n    c()\n    return\n    d()\ng()")
    order = program.flow.order
    a, b, c, d, g = (program.find(f"{name}()") for name in "abcdg")
    assert [order.repeats(node) for node in (a, b, c)] == [False, True, False]
    assert [order.always_runs(node) for node in (a, b, c)] == [True, False, True]
    assert [order.at_import(node) for node in (a, b, c)] == [True, True, False]
    assert [order.runs(node) for node in (a, b, c, d)] == [True, True, True, False]
    assert not order.same_block(a, b)
    assert not order.same_block(a, g)
