"""Values of literals against Python's own, on odd and broken ones."""

from __future__ import annotations

import ast
import warnings

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchdet.facts.expressions import argument, has_unpacking, int_value, string_value


@given(st.lists(st.sampled_from(["'", '"', "\\", "n", "x41", "N{DASH}", "u", "0", "é", "\\\n"])))
def test_the_value_of_a_string_is_pythons(parts: list[str]) -> None:
    for prefix in ("", "r", "R", "u", "b", "rb"):
        for quote in ("'", '"', "'''", '"""'):
            literal = f"{prefix}{quote}{''.join(parts)}{quote}"
            try:
                node = cst.parse_expression(literal)
            except (cst.ParserSyntaxError, cst.CSTValidationError):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    value = ast.literal_eval(literal)
                except SyntaxError:
                    value = None
            if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
                assert string_value(node) == (value if isinstance(value, str) else None)


def test_dubious_escapes_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert string_value(cst.parse_expression(r"'\d'")) == r"\d"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("'a' \"b\" '''c'''", "abc"),
        ("('a'\n 'b')", "ab"),
        ("'a' f'b'", None),
        ("f'a'", None),
        (r"'a' '\x'", None),
        ("b'a'", None),
        ("a", None),
        ("'a' + 'b'", None),
    ],
)
def test_strings(code: str, value: str | None) -> None:
    assert string_value(cst.parse_expression(code)) == value


@pytest.mark.parametrize("code", ["0", "0_0", "1_000", "0x_f", "0B1", "0o17", "-1", "- (-1)"])
def test_integers_are_pythons(code: str) -> None:
    assert int_value(cst.parse_expression(code)) == eval(code)


@pytest.mark.parametrize("code", ["1.0", "1j", "True", "+1", "~1", "a", "9" * 5000])
def test_no_integers(code: str) -> None:
    assert int_value(cst.parse_expression(code)) is None


def given_to(code: str, keyword: str, position: int | None) -> str | None:
    call = cst.parse_expression(code)
    assert isinstance(call, cst.Call)
    found = argument(call, keyword, position)
    return cst.Module([]).code_for_node(found.value) if found is not None else None


def test_arguments() -> None:
    assert given_to("f(1, 2)", "b", 1) == "2"
    assert given_to("f(1, b=2)", "b", 1) == "2"
    assert given_to("f(1, b=2)", "b", None) == "2"
    assert given_to("f(1, 2)", "b", None) is None
    assert given_to("f(*a, 2)", "b", 1) is None
    assert given_to("f(1, *a)", "b", 1) is None
    assert given_to("f(*a, b=2)", "b", 1) == "2"
    assert given_to("f(1, **k)", "b", 1) is None


@pytest.mark.parametrize(("code", "hidden"), [("f(1)", False), ("f(*a)", True), ("f(**a)", True)])
def test_unpacking(code: str, hidden: bool) -> None:
    call = cst.parse_expression(code)
    assert isinstance(call, cst.Call)
    assert has_unpacking(call) is hidden
