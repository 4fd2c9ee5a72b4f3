"""Python that nests in every way the grammar has, as deep as asked for."""

from __future__ import annotations

from collections.abc import Callable


def brackets(left: str, inner: str, right: str) -> Callable[[int], str]:
    """``inner`` with ``left`` and ``right`` around it, many times."""
    return lambda depth: f"x = {left * depth}{inner}{right * depth}\n"


def chain(start: str, link: str) -> Callable[[int], str]:
    """``start`` followed by many times ``link``."""
    return lambda depth: f"{start}{link * depth}\n"


def prefixed(start: str, link: str, end: str) -> Callable[[int], str]:
    """Many times ``link`` before ``end``."""
    return lambda depth: f"{start}{link * depth}{end}\n"


BRACKETS = {
    "parentheses": brackets("(", "a", ")"),
    "tuples": brackets("(", "a", ",)"),
    "lists": brackets("[", "", "]"),
    "dicts": brackets("{1: ", "a", "}"),
    "sets": brackets("{", "a", "}"),
    "calls": brackets("f(", "", ")"),
    "keywords": brackets("f(a=", "a", ")"),
    "slices": brackets("a[", "0", "]"),
    "walruses": brackets("(a := ", "a", ")"),
    "lambdas in brackets": brackets("(lambda: ", "a", ")"),
    "conditionals in brackets": brackets("(a if ", "a", " else b)"),
    "comprehensions": brackets("[a for a in ", "a", "]"),
    "generators": brackets("f(a for a in ", "a", ")"),
    "format specifications": lambda depth: f"x = f'{'{a:' * depth}{'}' * depth}'\n",
    "brackets in an f-string": lambda depth: f"x = f'{{{'(' * depth}a{')' * depth}}}'\n",
    "unclosed brackets": lambda depth: f"x = {'(' * depth}\n",
    "brackets around brackets in strings": brackets("f(')', ", "a", ")"),
}
"""Brackets inside brackets; at 5,000 levels LibCST's parser ends the process."""

CHAINS = {
    "method calls": chain("x = a", ".b()"),
    "attributes": chain("x = a", ".b"),
    "subscripts": chain("x = a", "[0]"),
    "calls of calls": chain("x = a", "()"),
    "not": prefixed("x = ", "not ", "a"),
    "minus": prefixed("x = ", "-", "a"),
    "lambda": prefixed("x = ", "lambda: ", "a"),
    "lambda defaults": lambda depth: f"x = {'lambda x=' * depth}1{': 1' * depth}\n",
    "sums": chain("x = a", " + a"),
    "powers": chain("x = a", " ** a"),
    "conditionals": chain("x = a", " if b else a"),
    "comprehension clauses": lambda depth: f"x = [a{' for a in b' * depth}]\n",
    "dotted imports": chain("import a", ".a"),
    "calls in an f-string": lambda depth: f"x = f'{{a{'.b()' * depth}}}'\n",
}
"""Left- and right-recursive expressions without brackets around each other."""

STATEMENTS = {
    "elif": chain("if a:\n    pass\n", "elif a:\n    pass\n"),
    "strings side by side": lambda depth: "x = (\n" + "    'a'\n" * depth + ")\n",
    "decorators": lambda depth: "@a\n" * depth + "def f():\n    pass\n",
    "statements on one line": lambda depth: "x = 1; " * depth + "x = 2\n",
    "arguments": lambda depth: f"f({'a, ' * depth})\n",
    "indents": lambda depth: (
        "".join(f"{' ' * level}if a:\n" for level in range(depth)) + f"{' ' * depth}pass\n"
    ),
}

PATTERNS = {
    "tuple patterns": lambda depth: f"match a:\n    case {'(' * depth}a{',)' * depth}: pass\n",
    "list patterns": lambda depth: f"match a:\n    case {'[' * depth}a{']' * depth}: pass\n",
    "class patterns": lambda depth: f"match a:\n    case {'f(' * depth}{')' * depth}: pass\n",
    "mapping patterns": lambda depth: f"match a:\n    case {'{1: ' * depth}a{'}' * depth}: pass\n",
    "deletions": lambda depth: f"del {'(' * depth}a{',)' * depth}\n",
}
"""Where LibCST's parser takes exponential time."""

ALL = {**BRACKETS, **CHAINS, **STATEMENTS, **PATTERNS}
