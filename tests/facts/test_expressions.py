"""Small questions about expressions."""

from __future__ import annotations

import libcst as cst
import pytest

from torchdet.facts.expressions import last_name, subscript_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x", "x"), ("a.b.c", "c"), ("f().to", "to"), ("f()", None), ("'text'", None)],
)
def test_last_name(text: str, expected: str | None) -> None:
    assert last_name(cst.parse_expression(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x['key']", "key"),
        ("x['k' 'ey']", "key"),
        ("x[key]", None),
        ("x[0]", None),
        ("x['a':'b']", None),
        ("x['a', 'b']", None),
    ],
)
def test_subscript_key(text: str, expected: str | None) -> None:
    node = cst.parse_expression(text)
    assert isinstance(node, cst.Subscript)
    assert subscript_key(node) == expected
