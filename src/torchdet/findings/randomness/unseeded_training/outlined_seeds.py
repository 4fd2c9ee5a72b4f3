"""Whether a seed may come after the weights, as far as the outline of a file tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from torchdet.facts.screen import Mention, Outline, dotted_parts
from torchdet.reading.randomness.program import Program

_BODIES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)
_LAYERS = "torch.nn."


def may_seed_late(outline: Outline, start: Program, seeders: frozenset[str]) -> bool:
    """Whether the body that calls one of ``seeders`` may make a module in a line before."""
    every = outline.references(seeders).values()
    calls = (mention for mentions in every for mention in mentions if mention.call is not None)
    return any(_follows_module(mention, outline, start) for mention in calls)


def _follows_module(seed: Mention, outline: Outline, start: Program) -> bool:
    body = next(node for node in seed.around if isinstance(node, _BODIES))
    place = _place(seed.node)
    made = (node for node in ast.walk(body) if isinstance(node, ast.Call) and _place(node) < place)
    return any(_may_make_module(each.func, outline, start) for each in made)


def _place(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _may_make_module(made: ast.expr, outline: Outline, start: Program) -> bool:
    """Whether ``made`` may be a class of ``torch.nn``, of the file, or of another module's."""
    parts = dotted_parts(made)
    if parts is None:
        return False
    name = parts[0]
    imports = [bound for each in outline.imports for bound, _ in each.bindings() if bound == name]
    if len(imports) < outline.bound[name]:
        return True  # it is bound in another way as well
    names = [".".join((meaning, *parts[1:])) for meaning in _imported(name, outline)]
    return any(each.startswith(_LAYERS) or start.makes_module(each) for each in names)


def _imported(name: str, outline: Outline) -> Iterator[str]:
    """What the import statements that bind ``name`` mean by it, stars among them."""
    for statement in outline.imports:
        yield from (meaning for bound, meaning in statement.meanings() if bound == name)
