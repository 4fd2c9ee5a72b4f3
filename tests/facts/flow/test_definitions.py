"""Definitions that reach uses, and uses that definitions reach."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.flow.definitions import DefinitionKind, Each, Entered, Item, Rest
from torchdet.facts.flow.reaching_definitions import UnknownSource
from torchdet.facts.flow.uses import UseKind

from .asking import Program


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x = 1\nuse(x)", ["1"]),
        ("x = 1\nx = 2\nuse(x)", ["2"]),
        ("x = 1\nif c:\n    x = 2\nuse(x)", ["1", "2"]),
        ("if c:\n    x = 1\nelse:\n    x = 2\nuse(x)", ["1", "2"]),
        ("x = 1\nif c:\n    raise E\n    x = 2\nuse(x)", ["1"]),
        ("x = 1\nfor _ in y:\n    use(x)\n    x = 2", ["1", "2"]),
        ("x = 1\nwhile True:\n    x = 2\n    if c: break\nuse(x)", ["2"]),
        ("x = 1\ntry:\n    x = f()\nexcept E:\n    use(x)", ["1", "f()"]),
        ("x = 1\ntry:\n    x = f()\nexcept E:\n    x = 3\nuse(x)", ["3", "f()"]),
        ("x = 1\ntry:\n    x = f()\nfinally:\n    g()\nuse(x)", ["f()"]),
        ("x = 1\nwith suppress(E):\n    x = f()\nuse(x)", ["1", "f()"]),
        ("x = 1\nwith open(p):\n    x = f()\nuse(x)", ["f()"]),
        ("x = 1\nc and (x := 2)\nuse(x)", ["1", "2"]),
        ("x = 1\nx += 2\nuse(x)", ["2"]),
        ("x = 1\nuse(x)\nuse(x)\nx = 2", ["1"]),
        ("x = 1\ndef f():\n    use(x)\nx = 2", ["1", "2"]),
        ("x = 1\nx = 2\ndef f():\n    use(x)", ["2"]),
        ("x = 1\ndef f():\n    global x\n    x = 2\nf()\nuse(x)", ["1", "2"]),
        (
            "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    use(x)",
            ["1", "2"],
        ),
        ("x = 1\n[use(x) for x in y]", ["y"]),
        ("x = 1\nany(use(x) for _ in y)\nx = 2", ["1"]),
        ("x = 1\nlater = (use(x) for _ in y)\nx = 2", ["1", "2"]),
        ("x = 1\nclass A:\n    x = 2\n    use(x)", ["2"]),
        ("x = 1\nclass A:\n    x = 2\n    def f(self):\n        use(x)", ["1"]),
        ("x = 1\nclass A:\n    if c:\n        x = 2\n    use(x)", ["1", "2"]),
        ("x = 1\nsys.exit()\nx = 2", ["1"]),
        ("import sys\nx = 1\nif c:\n    sys.exit()\nelse:\n    x = 2\nuse(x)", ["2"]),
    ],
)
def test_which_values_reach(text: str, values: list[str]) -> None:
    program = Program(text)
    if "use(" in text:
        assert program.values(program.asked()) == values


def test_both_of_two_that_are_used_are_live() -> None:
    program = Program('device = "cuda"\nprint(device)\ndevice = "cpu"\nprint(device)')
    assert program.values(program.asked("print")) == ['"cuda"']
    assert program.values(program.asked("print", 1)) == ['"cpu"']


def test_what_is_overwritten_before_a_use_is_dead() -> None:
    program = Program('import os\nnames = os.listdir(r)\nnames = ["a"]\nuse(names)')
    first = program.flow.definition(program.find("names"))
    assert first is not None
    assert program.flow.is_dead(first)


def test_a_value_reaches_the_use_before_it_is_overwritten() -> None:
    program = Program("names = os.listdir(r)\nstack(names)\nnames = sorted(names)\nuse(names)")
    assert program.values(program.asked("stack")) == ["os.listdir(r)"]
    assert program.values(program.asked()) == ["sorted(names)"]


@pytest.mark.parametrize(
    ("text", "unbound"),
    [
        ("if c:\n    x = 1\nuse(x)", True),
        ("x = 1\ndel x\nuse(x)", True),
        ("try:\n    x = f()\nexcept E as x:\n    pass\nuse(x)", True),
        ("for x in y: pass\nuse(x)", True),
        ("for x in y:\n    use(x)", False),
        ("while True:\n    x = 1\n    if c: break\nuse(x)", False),
        ("def f():\n    use(x)\nx = 1", False),
        ("match y:\n    case 1: x = 1\n    case _: x = 2\nuse(x)", False),
        ("match y:\n    case 1: x = 1\n    case 2: x = 2\nuse(x)", True),
    ],
)
def test_may_be_unbound(text: str, unbound: bool) -> None:
    program = Program(text)
    name = program.asked()
    assert isinstance(name, cst.Name)
    assert program.flow.definitions(name).may_be_unbound is unbound


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("x = f()", DefinitionKind.ASSIGNMENT, ()),
        ("x: int = f()", DefinitionKind.ANNOTATED, ()),
        ("(x := f())", DefinitionKind.WALRUS, ()),
        ("a, (b, x) = f()", DefinitionKind.ASSIGNMENT, (Item(1), Item(1))),
        ("a, *x = f()", DefinitionKind.ASSIGNMENT, (Rest(1),)),
        ("*a, x = f()", DefinitionKind.ASSIGNMENT, (Item(-1),)),
        ("for i, x in f(): pass", DefinitionKind.LOOP, (Each(), Item(1))),
        ("with f() as x: pass", DefinitionKind.WITH, (Entered(),)),
        ("match f():\n    case [_, x]: pass", DefinitionKind.MATCH, (Item(1),)),
        ("import x", DefinitionKind.IMPORT, ()),
        ("def x(): pass", DefinitionKind.FUNCTION, ()),
        ("class x: pass", DefinitionKind.CLASS, ()),
    ],
)
def test_kinds_and_ways_into_the_value(text: str, kind: DefinitionKind, path: object) -> None:
    program = Program(text + "\nuse(x)")
    name = program.asked()
    assert isinstance(name, cst.Name)
    found = program.flow.definitions(name).definitions[0]
    assert (found.kind, found.path) == (kind, path)
    if path or kind in (DefinitionKind.ASSIGNMENT, DefinitionKind.WALRUS):
        assert program.code(found.value) == "f()"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("from m import *\nuse(x)", {UnknownSource.STAR_IMPORT}),
        ("x = 1\nfrom m import *\nuse(x)", {UnknownSource.STAR_IMPORT}),
        ("from m import *\nx = 1\nuse(x)", set()),
        ("x = 1\nexec(y)\nuse(x)", {UnknownSource.DYNAMIC}),
        ("x = 1\nglobals()['x'] = 2\nuse(x)", {UnknownSource.DYNAMIC}),
    ],
)
def test_what_the_file_cannot_tell(text: str, unknown: set[UnknownSource]) -> None:
    program = Program(text)
    name = program.asked()
    assert isinstance(name, cst.Name)
    assert program.flow.definitions(name).unknown == unknown


def test_a_chain_of_400_branches() -> None:
    arms = "".join(f"elif c == {n}:\n    x = {n}\n" for n in range(400))
    program = Program(f"if c:\n    x = 0\n{arms}use(x)")
    name = program.asked()
    assert isinstance(name, cst.Name)
    assert len(program.flow.definitions(name).definitions) == 401
    last = program.find("399")
    assert len(program.flow.conditions(last)) >= 400


@pytest.mark.parametrize(
    ("text", "kind", "slot"),
    [
        ("x()", UseKind.CALLED, None),
        ("x.y", UseKind.ATTRIBUTE, "y"),
        ("x.y()", UseKind.METHOD, "y"),
        ("f(0, x)", UseKind.ARGUMENT, 1),
        ("f(k=x)", UseKind.ARGUMENT, "k"),
        ("f(*x)", UseKind.UNPACKED, "*"),
        ("[0, x]", UseKind.ELEMENT, 1),
        ("o.a = x", UseKind.STORED_ATTRIBUTE, "a"),
        ("o[0] = x", UseKind.STORED_ITEM, None),
        ("y = x", UseKind.REBOUND, None),
        ("a, b = x", UseKind.UNPACKED, None),
        ("x[0]", UseKind.SUBSCRIPTED, None),
        ("x[0] = 1", UseKind.MUTATED, None),
        ("y[x]", UseKind.INDEX, None),
        ("for _ in x: pass", UseKind.ITERATED, None),
        ("[0 for _ in x]", UseKind.ITERATED, None),
        ("x == 1", UseKind.COMPARED, None),
        ("1 in x", UseKind.COMPARED, None),
        ("if x: pass", UseKind.TESTED, None),
        ("not x", UseKind.TESTED, None),
        ("f'{x}'", UseKind.FORMATTED, None),
        ("x + 1", UseKind.OPERAND, None),
        ("x += 1", UseKind.AUGMENTED, None),
        ("x or 1", UseKind.CHOSEN, None),
        ("with x: pass", UseKind.ENTERED, None),
        ("raise x", UseKind.RAISED, None),
        ("x", UseKind.DISCARDED, None),
    ],
)
def test_kinds_of_uses(text: str, kind: UseKind, slot: object) -> None:
    program = Program(f"x = f\n{text}")
    definition = program.flow.definition(program.find("x"))
    assert definition is not None
    (use,) = program.flow.uses(definition)
    assert (use.kind, use.slot, use.captured) == (kind, slot, False)


def test_returned_yielded_and_captured() -> None:
    program = Program("def f():\n    x = 1\n    def g():\n        yield x\n    return x")
    definition = program.flow.definition(program.find("x"))
    assert definition is not None
    found = [(use.kind, use.captured) for use in program.flow.uses(definition)]
    assert sorted(found, key=str) == [(UseKind.RETURNED, False), (UseKind.YIELDED, True)]


def test_the_branches_that_decide_between_definitions() -> None:
    program = Program("x = 1\nif c:\n    x = 2\nuse(x)")
    name = program.asked()
    assert isinstance(name, cst.Name)
    found = {
        program.code(each.value): {(program.code(b.test), b.holds) for b in branches}
        for each in program.flow.definitions(name).definitions
        for branches in [program.flow.branches(name, each)]
    }
    assert found == {"1": {("c", False)}, "2": {("c", True)}}
