"""The work of the map grows with the size of the file, not faster; and deep code does no harm."""

from __future__ import annotations

import math
from collections.abc import Callable

import libcst as cst
import pytest

from torchdet.facts.flow.file_flow import FileFlow

from .asking import Program


def straight(size: int) -> str:
    return "".join(f"x{n} = f(x{n - 1})\n" for n in range(1, size))


def chain(size: int) -> str:
    arms = "".join(f"elif c == {n}:\n    y{n} = x = {n}\n" for n in range(size))
    return f"c = 1\nif c:\n    x = 0\n{arms}c"


def branches(size: int) -> str:
    tests = "".join(f"if c{n}:\n    y = v{n}\n" for n in range(size))
    return "".join(f"v{n} = {n}\n" for n in range(size)) + tests


def loops(size: int) -> str:
    return "".join(f"w = 0\nfor i in r:\n    v{n} = w\n    w = v{n}\n" for n in range(size))


def tries(size: int) -> str:
    return "".join(f"try:\n    v{n} = f()\nfinally:\n    g(v{n - 1})\n" for n in range(1, size))


def exits(size: int) -> str:
    lines = (f"    if c: return {n}\n    x{n} = c\n" for n in range(size))
    return "def f(c):\n" + "".join(lines)


def work(text: str) -> int:
    """Steps that it takes to find the definitions of all names of the file."""
    program = Program(text)
    flow = program.flow
    for name in flow.names():
        flow.definitions(name)
    return flow.steps()


@pytest.mark.parametrize("make", [straight, chain, branches, loops, tries, exits])
def test_the_work_is_linear(make: Callable[[int], str]) -> None:
    small, large = work(make(100)), work(make(800))
    assert math.log(large / small, 8) <= 1.25


def test_nothing_is_built_before_it_is_asked_for() -> None:
    flow: FileFlow = Program("def f():\n    x = 1\n    return x\n").flow
    assert flow.steps() == 0


def test_deep_expressions_do_not_overflow() -> None:
    deep = "(" * 150 + "x" + " or y)" * 150
    program = Program(f"x = 1\nz = {deep} + {' + '.join(['x'] * 900)}\nuse(z)")
    assert program.sources(program.asked()).every
    first = program.facts.module.body[0]
    assert isinstance(first, cst.SimpleStatementLine)
    (assignment,) = first.body
    assert isinstance(assignment, cst.Assign)
    assert program.flow.reaches(assignment.value).every
