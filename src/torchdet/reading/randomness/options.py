"""What a program does unless its options are given: conditions on a seed, and their defaults."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Value = int | float | str | bool | None
"""A literal that can be the default of an option."""

GIVEN: Value = 0.5
"""Stands for a value that only a run can tell: it is given, and passes most tests."""

_ABOUT_SEEDS = re.compile(r"seed|determinis|reproduc", re.IGNORECASE)
_COMPARES: dict[type[ast.cmpop], Callable[..., object]] = {
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


@dataclass(frozen=True, slots=True)
class Guard:
    """A test of the option ``name``, such as ``args.seed is not None``, that comes out ``holds``.

    ``compared`` is the class of the operator in ``ast``, with ``literal`` on its right; None where
    the value itself is tested.
    """

    name: str
    holds: bool
    compared: type[ast.cmpop] | None = None
    literal: Value = None

    def passes(self, value: Value) -> bool:
        """Whether the code behind the test runs where the option has that value.

        >>> Guard("seed", True, ast.IsNot).passes(None), Guard("seed", True).passes(0)
        (False, False)
        """
        if self.compared is None:
            return bool(value) is self.holds
        try:
            return bool(_COMPARES[self.compared](value, self.literal)) is self.holds
        except TypeError:  # None > 0
            return True


@dataclass(frozen=True, slots=True)
class Passed:
    """An argument in a call of ``function``: an ``option`` by its name, or a ``literal``."""

    function: str
    option: str = ""
    literal: Value = None


def guard_of(test: ast.expr, *, holds: bool) -> Guard | None:
    """What it takes of a seed that ``test`` comes out so; None where it asks for no seed."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return guard_of(test.operand, holds=not holds)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) is holds:
        found = (guard_of(each, holds=holds) for each in test.values)
        return next((each for each in found if each is not None), None)
    if isinstance(test, ast.Compare):
        if len(test.ops) != 1 or type(test.ops[0]) not in _COMPARES:
            return None
        known, literal = literal_of(test.comparators[0])
        name = option_name(test.left)
        return Guard(name, holds, type(test.ops[0]), literal) if known and name else None
    name = option_name(test)
    return Guard(name, holds) if name else None


def option_name(node: ast.expr) -> str:
    """The name of the seed that ``node`` reads: ``args.seed``, ``seed``, ``cfg["seed"]``."""
    name = ""
    if isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.Attribute):
        name = node.attr
    elif isinstance(node, ast.Subscript):
        name = str(literal_of(node.slice)[1])
    return name if _ABOUT_SEEDS.search(name) else ""


def literal_of(node: ast.expr | None) -> tuple[bool, Value]:
    """Whether ``node`` is a literal, and which; without a node it is None."""
    if node is None:
        return True, None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _, value = literal_of(node.operand)
        return (True, -value) if isinstance(value, (int, float)) else (False, None)
    if isinstance(node, ast.Constant) and (
        node.value is None or isinstance(node.value, (int, float, str))
    ):
        return True, node.value
    return False, None


def declared(call: ast.Call, last: str) -> tuple[str, ast.expr | None] | None:
    """The option that a call declares, and the expression of its default.

    That is ``add_argument("--seed", default=...)`` of argparse, and ``option("--seed")`` of click.
    """
    if last not in {"add_argument", "option"}:
        return None
    flags = [str(literal_of(each)[1]) for each in call.args]
    flag = next((each for each in flags if each.startswith("--")), "")
    name = flag.lstrip("-").replace("-", "_")
    if not _ABOUT_SEEDS.search(name):
        return None
    keywords = {each.arg: each.value for each in call.keywords}
    if "default" not in keywords and literal_of(keywords.get("action"))[1] == "store_true":
        return name, ast.Constant(False)
    if literal_of(keywords.get("required"))[1] is True:
        return name, ast.Constant(GIVEN)
    return name, keywords.get("default")


def assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    """The names of seeds that a statement gives a value, each with it."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        name = option_name(target)
        if name and node.value is not None:
            yield name, node.value
