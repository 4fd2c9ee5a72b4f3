"""The code of a tree, with the tests whose outcomes let it run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torchdet.reading.randomness.options import Guard, Guards, guards_of


@dataclass(frozen=True, slots=True, eq=False)
class Under:
    """Some code needs the outcomes ``guards`` to run, and those of ``outer``.

    ``seed`` is the innermost test of a seed among all of them, ``place`` is where the ``if`` stands
    whose arms are this and another. Code behind many exits shares its way with what comes before
    it, so that a long chain costs no more than its length.
    """

    guards: Guards = ()
    outer: Under | None = None
    seed: Guard | None = None
    place: tuple[int, int] | None = None

    def also(self, guards: Guards, place: tuple[int, int] | None = None) -> Under:
        """What the code needs that ``guards`` let run inside."""
        if not guards:
            return self
        of_seeds = (each for each in guards if each.is_about_seeds)
        return Under(guards, self, next(of_seeds, self.seed), place)


NO_TEST = Under()
ANY_TEST = (Guard("", holds=True),)


def in_turn(body: Sequence[ast.stmt], under: Under) -> Iterator[tuple[ast.stmt, Under]]:
    """The statements, each with the tests that let it run: exits before it count.

    An exit for what nobody can tell, or for an error, is not taken.
    """
    for statement in body:
        yield statement, under
        if isinstance(statement, ast.If) and not statement.orelse and _leaves(statement.body):
            tests = guards_of(statement.test, holds=False)
            if isinstance(statement.body[-1], ast.Raise):
                tests = tuple(each for each in tests if each.is_about_seeds)
            under = under.also(tuple(each for each in tests if each.name))


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return isinstance(body[-1], (ast.Return, ast.Raise))


def inside(node: ast.AST, field: str, under: Under) -> Under:
    """The tests that decide whether a field of ``node`` runs."""
    if isinstance(node, (ast.If, ast.IfExp)) and field in {"body", "orelse"}:
        place = node.lineno, node.col_offset
        return under.also(guards_of(node.test, holds=field == "body"), place)
    if isinstance(node, (ast.match_case, ast.ExceptHandler)) and field == "body":
        return under.also(ANY_TEST)
    return under


def descendants_under(root: ast.AST, under: Under) -> Iterator[tuple[ast.AST, Under]]:
    """``root`` and everything below it with the tests around, in no order."""
    stack = [(root, under)]
    while stack:
        node, current = stack.pop()
        yield node, current
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if name != "ctx":
                    stack.append((value, inside(node, name, current)))
            elif isinstance(value, list) and value:
                if isinstance(value[0], ast.stmt):
                    stack += in_turn(value, inside(node, name, current))
                else:
                    stack += ((each, current) for each in value if isinstance(each, ast.AST))
