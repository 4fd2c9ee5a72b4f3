"""Small questions about expressions and calls that need no scope."""

from __future__ import annotations

import ast
import warnings

from torchdet.facts.lazy import cst

Literal = bool | int | str
_MOST_DIGITS = 4300


def string_value(node: cst.CSTNode | None) -> str | None:
    """The text of a plain string literal, implicit concatenation included; None for others.

    Bytes and f-strings have no such value.

    >>> string_value(cst.parse_expression("'cu' 'da'"))
    'cuda'
    """
    parts: list[str] = []
    while isinstance(node, cst.ConcatenatedString):
        left = _literal_value(node.left)
        if left is None:
            return None
        parts.append(left)
        node = node.right
    last = _literal_value(node)
    return "".join((*parts, last)) if last is not None else None


def _literal_value(node: cst.CSTNode | None) -> str | None:
    """The value of one literal. Invalid escapes have none, and dubious ones do not warn."""
    if not isinstance(node, cst.SimpleString) or "b" in node.prefix:
        return None
    if "r" in node.prefix or "\\" not in node.value:
        return node.raw_value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = ast.literal_eval(node.value)
        except (SyntaxError, ValueError):
            return None
    return value if isinstance(value, str) else None


def int_value(node: cst.CSTNode | None) -> int | None:
    """The value of an integer literal, a minus before it included; None for others.

    Numbers of thousands of digits, which Python itself refuses to read, count as others.

    >>> int_value(cst.parse_expression("-1"))
    -1
    """
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        value = int_value(node.expression)
        return -value if value is not None else None
    if isinstance(node, cst.Integer) and len(node.value) <= _MOST_DIGITS:
        return int(node.value.replace("_", ""), 0)
    return None


def is_constant(node: cst.CSTNode | None, name: str) -> bool:
    """Whether ``node`` is the keyword constant ``name``: ``True``, ``False`` or ``None``."""
    return isinstance(node, cst.Name) and node.value == name


def literal_value(node: cst.CSTNode) -> Literal | None:
    """The value of ``True``, ``False``, an integer or a string literal; None for others."""
    for name, value in (("True", True), ("False", False)):
        if is_constant(node, name):
            return value
    number = int_value(node)
    return number if number is not None else string_value(node)


def argument(call: cst.Call, keyword: str, position: int | None = None) -> cst.Arg | None:
    """The argument that ``call`` passes as ``keyword`` or at zero-based ``position``.

    Positions after a ``*args`` cannot be told, nor keywords inside ``**kwargs``: None.

    >>> argument(cst.parse_expression("f(1, a=2)"), "a").value.value
    '2'
    """
    for index, arg in enumerate(call.args):
        if arg.star == "*":
            position = None
        if arg.keyword is not None:
            if arg.keyword.value == keyword:
                return arg
        elif index == position and not arg.star:
            return arg
    return None


def has_unpacking(call: cst.Call) -> bool:
    """Whether ``call`` passes ``*args`` or ``**kwargs``, so that an argument may be hidden."""
    return any(arg.star for arg in call.args)


def last_name(node: cst.CSTNode) -> str | None:
    """The name that a name or an attribute ends with; None for other expressions.

    >>> last_name(cst.parse_expression("parser.add_argument"))
    'add_argument'
    """
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else None


def subscript_key(node: cst.Subscript) -> str | None:
    """The string in ``x["key"]``; None for other subscripts.

    >>> subscript_key(cst.parse_expression("config['device']"))
    'device'
    """
    only = node.slice[0].slice if len(node.slice) == 1 else None
    return string_value(only.value) if isinstance(only, cst.Index) else None
