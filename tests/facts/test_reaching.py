"""What a use can see: cases, and random programs whose runs may see nothing else."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts.asking import asked
from torchdet.facts.expressions import int_value
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.reaching import reaching
from torchdet.model.source import SourceText


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("x = 1\nx = 2\nx", {2}),
        ("x = 1\nif c:\n    x = 2\nx", {1, 2}),
        ("x = 1\nif c:\n    x = 2\nelse:\n    x = 3\nx", {2, 3}),
        ("x = 1\nif c:\n    x = 2\nelif d:\n    x = 3\nx", {1, 2, 3}),
        ("x = 1\nif c:\n    x = 2\n    raise ValueError\nx", {1}),
        ("x = 1\nfor i in y:\n    x\n    x = 2", {1, 2}),
        ("x = 1\nfor i in y:\n    x = 2\n    x", {2}),
        ("x = 1\nfor i in y:\n    x = 2\nx", {1, 2}),
        ("x = 1\nwhile (x := 2):\n    x", {1, 2}),
        ("x = 1\nwith open(f):\n    x = 2\nx", {2}),
        ("x = 1\ntry:\n    x = 2\nexcept E:\n    x\nelse:\n    pass", {1, 2}),
        ("x = 1\ntry:\n    x = 2\nexcept E:\n    x = 3\nx", {2, 3}),
        ("x = 1\ntry:\n    x = 2\nexcept E:\n    raise\nx", {2}),
        ("x = 1\ntry:\n    pass\nfinally:\n    x = 2\nx", {2}),
        ("x = 1\n(x := 2) and x", {2}),
        ("x = 1; x = 2\n[x for i in y]", {2}),
        ("x = 1\ndef f():\n    x\nx = 2", {1, 2}),
        ("def f():\n    global x\n    x = 1\nx = 2\nx", {1, 2}),
    ],
)
def test_values_that_a_use_can_see(text: str, seen: set[int]) -> None:
    facts, _ = asked(f"{text}\n0")
    use = facts.index.uses["x"][-1].node
    assert isinstance(use, cst.Name)
    assert {int_value(each.binding.value) for each in reaching(use, facts)} == seen


def test_a_name_of_another_file_has_no_bindings() -> None:
    facts, expression = asked("x")
    assert isinstance(expression, cst.Name)
    assert reaching(expression, facts) == ()


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("def f(x):\n    if a:\n        x", [("a", True)]),
        ("def f(x):\n    if a:\n        return\n    x", [("a", False)]),
        ("def f(x):\n    if a:\n        pass\n    else:\n        x", [("a", False)]),
        ("def f(x):\n    assert a\n    if b:\n        x", [("b", True), ("a", True)]),
        ("def f(x):\n    a and x", [("a", True)]),
        ("def f(x):\n    a or x", [("a", False)]),
        ("def f(x):\n    x if a else None", [("a", True)]),
        ("def f(x):\n    while a:\n        x", [("a", True)]),
        ("def f(x):\n    if a:\n        pass\n    x", []),
        ("def f(x):\n    if a:\n        def g():\n            x", []),
    ],
)
def test_conditions_that_hold_at_a_use(text: str, conditions: list[tuple[str, bool]]) -> None:
    facts, _ = asked(f"{text}\n0")
    (use,) = (each.node for each in facts.index.uses["x"])
    assert isinstance(use, cst.Name)
    (reached,) = reaching(use, facts)
    assert [(facts.code(each.test), each.holds) for each in reached.conditions] == conditions


def test_a_condition_before_a_binding_says_nothing_of_it() -> None:
    facts, expression = asked("x = 1\nif a:\n    x = 2\nx")
    assert isinstance(expression, cst.Name)
    found = {int_value(each.binding.value): each.conditions for each in reaching(expression, facts)}
    assert found[2] == ()
    assert [(facts.code(each.test), each.holds) for each in found[1]] == [("a", False)]


# Random programs: `decide()` answers from a list, `see(x)` notes what a run sees.


def block(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines) or "pass", "    ")


def compound(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.one_of(
        st.tuples(inner, inner).map(
            lambda parts: [f"if decide():\n{block(parts[0])}\nelse:\n{block(parts[1])}"]
        ),
        inner.map(lambda body: [f"if decide():\n{block(body)}"]),
        inner.map(lambda body: [f"while decide():\n{block(body)}"]),
        inner.map(lambda body: [f"for x in numbers():\n{block(body)}"]),
        inner.map(lambda body: [f"for _ in numbers():\n{block(body)}"]),
        inner.map(lambda body: [f"with manager() as y:\n{block(body)}"]),
        st.tuples(inner, inner, inner).map(
            lambda parts: [
                f"try:\n{block(parts[0])}\nexcept KeyError:\n{block(parts[1])}\n"
                f"else:\n{block(parts[2])}"
            ]
        ),
        st.tuples(inner, inner).map(
            lambda parts: [f"try:\n{block(parts[0])}\nfinally:\n{block(parts[1])}"]
        ),
        st.tuples(inner, inner).map(lambda parts: [*parts[0], *parts[1]]),
    )


SIMPLE = st.sampled_from(
    [
        *("x = N", "see(x)", "see(x)", "fail()", "decide() and see(x)"),
        *("if decide():\n    return", "if (x := N) and decide():\n    see(x)"),
        *("if decide():\n    x = N\n    return", "(x := N) if decide() else None"),
    ]
).map(lambda line: [line])


class Fault(KeyError):
    """What `fail()` raises."""


def runs(code: str, decisions: list[bool]) -> Iterator[tuple[int, int]]:
    """The (row, value) pairs that one run of ``code`` sees."""
    left = iter([*decisions, *[False] * 50])
    seen: list[tuple[int, int]] = []

    def decide() -> bool:
        return next(left)

    def fail() -> None:
        if decide():
            raise Fault

    def numbers() -> Iterator[int]:
        while decide():
            yield -1

    def see(row: int, value: int) -> None:
        seen.append((row, value))

    names = {
        "decide": decide,
        "fail": fail,
        "numbers": numbers,
        "manager": contextlib.nullcontext,
        "see": see,
    }
    exec(code, names)
    with contextlib.suppress(Fault, NameError, StopIteration):
        names["program"]()  # type: ignore[operator]  # the function that the code defines
    yield from seen


@settings(deadline=None, max_examples=300)
@given(
    st.recursive(SIMPLE, compound, max_leaves=12),
    st.lists(st.lists(st.booleans(), max_size=25), min_size=3, max_size=6),
)
def test_no_run_sees_what_does_not_reach(body: list[str], decisions: list[list[bool]]) -> None:
    text = f"def program():\n{block(['x = 0', *body, 'see(x)'])}\n"
    lines = text.splitlines()
    numbered = [
        line.replace("= N", f"= {row}").replace("see(x)", f"see({row}, x)")
        for row, line in enumerate(lines, start=1)
    ]
    code = "\n".join(numbered)
    facts = FileFacts.parse(SourceText(code), Wanted(frozenset({"Call"})))
    reach: dict[int, set[int]] = {}
    for call in facts.index.nodes["Call"]:
        if isinstance(call, cst.Call) and facts.code(call.func) == "see":
            row = int_value(call.args[0].value)
            use = call.args[1].value
            assert row is not None
            assert isinstance(use, cst.Name)
            values = {int_value(each.binding.value) for each in reaching(use, facts)}
            reach.setdefault(row, set()).update(-1 if each is None else each for each in values)
    for choice in decisions:
        for row, value in runs(code, choice):
            assert value in reach[row], code
