"""What a program does unless its options are given: tests of options, and their defaults."""

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
    """A test of what has the name ``name``, such as ``args.seed is not None``, and its outcome.

    ``compared`` is the class of the operator in ``ast``, with ``literal`` on its right; None where
    the value itself is tested. Without a ``name`` it is a test of anything else.
    """

    name: str
    holds: bool
    compared: type[ast.cmpop] | None = None
    literal: Value = None

    @property
    def is_about_seeds(self) -> bool:
        """Whether its name says that it asks for a seed."""
        return is_about_seeds(self.name)

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


Guards = tuple[Guard, ...]
"""The tests around some code, all of which it needs to run."""


@dataclass(frozen=True, slots=True)
class Passed:
    """An argument in a call of ``function``: an ``option`` by its name, or a ``literal``."""

    function: str
    option: str = ""
    literal: Value = None


def guards_of(test: ast.expr, *, holds: bool) -> Guards:
    """What it takes that ``test`` comes out so."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return guards_of(test.operand, holds=not holds)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) is holds:
        return tuple(guard for each in test.values for guard in guards_of(each, holds=holds))
    if isinstance(test, ast.Compare):
        if len(test.ops) != 1 or type(test.ops[0]) not in _COMPARES:
            return (Guard("", holds),)
        known, literal = literal_of(test.comparators[0])
        name = name_read(test.left)
        if not known or not name:
            return (Guard("", holds),)
        return (Guard(name, holds, type(test.ops[0]), literal),)
    return (Guard(name_read(test), holds),)


def is_about_seeds(name: str) -> bool:
    """Whether what has the name is a seed, or a wish for one.

    >>> is_about_seeds("random_seed"), is_about_seeds("epochs")
    (True, False)
    """
    return _ABOUT_SEEDS.search(name) is not None


def name_read(node: ast.expr) -> str:
    """The name of what ``node`` reads or asks: of ``args.seed``, ``seed``, ``cfg["seed"]``.

    An attribute of ``self`` is no option, unless it is a seed, and keeps that name. A call has all
    of its function's: ``torch.cuda.is_available()``.
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
        return f"self.{node.attr}" if of_self and not is_about_seeds(node.attr) else node.attr
    if isinstance(node, ast.Subscript):
        return str(literal_of(node.slice)[1] or "")
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def seed_read(node: ast.expr) -> str:
    """The name of the seed that ``node`` reads; empty where it reads none, or calls something."""
    name = "" if isinstance(node, ast.Call) else name_read(node)
    return name if is_about_seeds(name) else ""


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
    keywords = {each.arg: each.value for each in call.keywords}
    name = str(literal_of(keywords.get("dest"))[1] or flag.lstrip("-").replace("-", "_"))
    if not flag:
        return None
    action = literal_of(keywords.get("action"))[1]
    if "default" not in keywords and action in _SWITCHES:
        return name, ast.Constant(_SWITCHES[action])
    if literal_of(keywords.get("required"))[1] is True:
        return name, ast.Constant(GIVEN)
    return name, keywords.get("default")


_SWITCHES: dict[Value, bool] = {"store_true": False, "store_false": True}


def assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    """The names of seeds that a statement gives a value, each with it."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        name = seed_read(target)
        if name and node.value is not None:
            yield name, node.value
