"""Screens of mentions by how they are called."""

from __future__ import annotations

import ast
from collections.abc import Container

from torchdet.facts.screen import Mention, Outline
from torchdet.findings.screen import MentionScreen
from torchdet.reading.context import Place


def is_called(mention: Mention, _outline: Outline, _place: Place) -> bool:
    """For rules that look at calls alone."""
    return mention.call is not None


def passes_integer(*keywords: str, positional: bool = True) -> MentionScreen:
    """For rules that look for the literal of an integer among the arguments of a call.

    It may be passed by one of ``keywords`` and, if ``positional``, at any position; arguments that
    are unpacked may hold one.
    """
    named = frozenset(keywords)

    def may_pass(mention: Mention, _outline: Outline, _place: Place) -> bool:
        call = mention.call
        if call is None:
            return False
        at_position = any(map(_is_integer, call.args)) if positional else False
        return at_position or any(
            keyword.arg in named and _is_integer(keyword.value) for keyword in call.keywords
        )

    return may_pass


def imports_any(outline: Outline, packages: Container[str]) -> bool:
    """Whether the file imports one of the top-level ``packages``, or something below it."""
    return any(
        name.partition(".")[0] in packages
        for statement in outline.imports
        for name in statement.modules()
    )


def is_seedless(mention: Mention) -> bool:
    """Whether it is a call that passes no seed: no argument, or None as the only one."""
    call = mention.call
    if call is None:
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not given or (len(given) == 1 and _is_none(given[0]))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_integer(node: ast.expr) -> bool:
    """Whether ``node`` is the literal of an integer, with or without a sign."""
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int
