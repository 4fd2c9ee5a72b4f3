"""Seeds among the arguments of calls and the parameters of functions, in the tree of ``ast``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from torchdet.reading.randomness.options import (
    GIVEN,
    Passed,
    Value,
    is_about_seeds,
    literal_of,
    seed_read,
)


def passed_seeds(node: ast.Call, function: str) -> Iterator[Passed]:
    """The options and literals among the arguments of a call of a function that seeds."""
    for value in (*node.args, *(each.value for each in node.keywords)):
        name = seed_read(value)
        known, literal = literal_of(value)
        if name:
            yield Passed(function, name)
        else:
            yield Passed(function, literal=literal if known else GIVEN)


def argument_or_hidden(node: ast.Call, keyword: str, position: int | None) -> ast.expr | None:
    """The argument, or what may hold it: the first one for a function without such a keyword."""
    for each in node.keywords:
        if each.arg in (keyword, None):
            return each.value
    if position is not None and len(node.args) > position:
        return node.args[position]
    starred = (each for each in node.args if isinstance(each, ast.Starred))
    return next(starred, node.keywords[0].value if position == 0 and node.keywords else None)


def seeds_by_default(arguments: ast.arguments) -> Iterator[tuple[str, Value]]:
    """The parameters that are seeds, with their defaults as far as they are literals."""
    positional = [*arguments.posonlyargs, *arguments.args]
    with_default = positional[len(positional) - len(arguments.defaults) :]
    pairs = [
        *zip(with_default, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for parameter, default in pairs:
        known, literal = literal_of(default)
        if default is not None and known and is_about_seeds(parameter.arg):
            yield parameter.arg, literal


def may_give_seed(node: ast.Call) -> bool:
    """Whether an argument can be a seed: one by position, or by such a name."""
    return bool(node.args) or any(
        each.arg is None or is_about_seeds(each.arg) for each in node.keywords
    )
