"""Whether the order of a set may show in a file, as far as its outline tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from torchdet.facts.screen import Around, Mention, Outline, dotted_parts
from torchdet.reading.context import Place

_MAKERS = ("set", "frozenset")
_HASH = "hash"
# Methods that tell nothing of the order.
_METHODS = frozenset(
    {"add", "clear", "discard", "isdisjoint", "issubset", "issuperset", "remove", "update"}
)
# What they are given loses its order there.
_ORDERLESS = frozenset({"all", "any", "bool", "isinstance", "len", "max", "min", "sorted", "sum"})


def may_use_order(outline: Outline, _place: Place) -> bool:
    """Whether there is a set that is not used up where it is made, or a call of ``hash``."""
    if _HASH in outline.uses or outline.imports_any(("builtins",)):
        return True
    return any(not _is_used_up(node, around, outline) for node, around in _sets(outline))


def _sets(outline: Outline) -> Iterator[tuple[ast.expr, Around]]:
    yield from ((mention.node, mention.around) for mention in outline.sets)
    for name in _MAKERS:
        yield from map(_made, outline.uses.get(name, ()))


def _made(mention: Mention) -> tuple[ast.expr, Around]:
    """The call of ``set``, or what is done with the function itself."""
    call, outer = mention.call, mention.around.outer
    return (
        (call, outer) if call is not None and outer is not None else (mention.node, mention.around)
    )


def _is_used_up(node: ast.expr, around: Around, outline: Outline) -> bool:
    """Whether nothing can iterate over the set ``node``, wherever else the file does."""
    above = around.node
    if isinstance(above, ast.BinOp) and around.outer is not None:
        return _is_used_up(above, around.outer, outline)
    if isinstance(above, ast.Compare):
        return True
    if isinstance(above, ast.Call) and isinstance(above.func, ast.Name):
        name = above.func.id
        return node is not above.func and name in _ORDERLESS and not outline.bound[name]
    if isinstance(above, ast.Return):
        return _is_never_called(around, outline)
    if isinstance(above, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = above.targets if isinstance(above, ast.Assign) else [above.target]
        return all(_is_used_up_later(target, outline) for target in targets)
    return isinstance(above, ast.Expr)


def _is_used_up_later(target: ast.expr, outline: Outline) -> bool:
    """Whether nothing can iterate over what is called like ``target``, a name or an attribute."""
    if isinstance(target, ast.Name):
        mentions = [*outline.uses[target.id], *outline.attributes.get(target.id, ())]
        name = target.id
    elif isinstance(target, ast.Attribute):
        mentions = [*outline.uses.get(target.attr, ()), *outline.attributes[target.attr]]
        name = target.attr
    else:
        return False
    return all(_is_harmless(mention, name, outline) for mention in mentions)


def _is_harmless(mention: Mention, name: str, outline: Outline) -> bool:
    """Whether what the ``mention`` of ``name`` reads is used up; or it is assigned to there."""
    node, around = mention.node, mention.around
    parts = dotted_parts(node) or (node.attr if isinstance(node, ast.Attribute) else "",)
    if parts[-1] != name:  # more is read from it
        return name in parts and parts[parts.index(name) + 1] in _METHODS
    if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return isinstance(around.node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete))
    if isinstance(around.node, ast.Attribute):
        return around.node.attr in _METHODS
    if isinstance(around.node, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign)):
        return False  # it gets another name
    return _is_used_up(node, around, outline)


def _is_never_called(around: Around, outline: Outline) -> bool:
    """Whether the file does not mention the function that returns here."""
    function = next(
        (node for node in around if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))), None
    )
    if function is None:
        return False
    return function.name not in outline.attributes and function.name not in outline.uses
