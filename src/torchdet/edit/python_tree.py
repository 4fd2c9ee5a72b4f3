"""The tree that the running Python makes of a text."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import partial

from torchdet.edit.offset_map import Range
from torchdet.edit.tree_node import ARGUMENT, Parts, TreeNode
from torchdet.model.source import SourceText

# Before Python 3.12 the nodes inside of an f-string stand at wrong places: it is one word here.
_ONE_WORD = {"JoinedStr", "TemplateStr"}
_PLACED = (ast.stmt, ast.expr, ast.ExceptHandler, ast.arg, ast.keyword, ast.alias, ast.pattern)


def parse_python(text: str) -> TreeNode:
    """The tree of ``text``, as ``ast`` has it.

    Raises ``SyntaxError`` for what is no Python for the version that runs, and for what is nested
    deeper than its parser can bear.

    >>> parse_python("x = 1\\n").kind
    'Module'
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the escapes in somebody's strings
        try:
            module = ast.parse(text)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error) or type(error).__name__) from None
    places = _Places(text)
    return TreeNode("Module", (0, len(text)), partial(_parts, module, places))


class _Places:
    """Turns the rows and UTF-8 columns of ``ast`` into offsets of characters."""

    def __init__(self, text: str) -> None:
        self._source = SourceText(text)
        self._ascii = text.isascii()

    def offset(self, row: int, column: int) -> int:
        if not self._ascii:
            line = self._source.line(row)
            column = len(line.encode()[:column].decode(errors="replace"))
        return self._source.offset(row, 1) + column


def _node(node: ast.AST, places: _Places) -> TreeNode | None:
    """``node`` with its place; None for operators, contexts and empty argument lists."""
    spans: list[Range] = []
    if isinstance(node, _PLACED) and not _is_bracketed(node):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = places.offset(node.lineno, node.col_offset)
        spans.append((start, places.offset(node.end_lineno, node.end_col_offset)))
        # A function and a class begin, for ast, after their decorators.
        inside: Iterable[ast.AST] = getattr(node, "decorator_list", ())
    else:
        inside = ast.iter_child_nodes(node)
    spans += [child.span for child in (_node(each, places) for each in inside) if child is not None]
    if not spans:
        return None
    span = min(start for start, _ in spans), max(end for _, end in spans)
    return TreeNode(type(node).__name__, span, partial(_parts, node, places))


def _is_bracketed(node: ast.AST) -> bool:
    """Whether the place of ``node`` may have brackets in it that belong to what is around.

    ``(a, b)`` is a place for an expression in brackets as ``(a)`` is, and the brackets of
    ``f(a for a in b)`` are the call's.
    """
    return isinstance(node, ast.GeneratorExp) or (isinstance(node, ast.Tuple) and bool(node.elts))


def _parts(node: ast.AST, places: _Places) -> Parts:
    if type(node).__name__ in _ONE_WORD:
        return Parts((ast.dump(node),), ())
    if isinstance(node, ast.Call):
        function, arguments = _node(node.func, places), _arguments(node, places)
        return Parts((), ((function,) if function is not None else (), arguments))
    words: list[object] = []
    children: list[tuple[TreeNode, ...]] = []
    for _, value in ast.iter_fields(node):
        below: list[TreeNode] = []
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.arguments):
                below += _parameters(each, places)
                continue
            placed = _node(each, places) if isinstance(each, ast.AST) else None
            if placed is not None:
                below.append(placed)
            elif isinstance(each, ast.AST):
                words.append(type(each).__name__)
            elif each is not None or isinstance(value, list):
                words.append((type(each), repr(each)))  # 1, 1.0 and True are equal, but not here
        children.append(tuple(below))
    return Parts(tuple(words), tuple(children))


def _arguments(call: ast.Call, places: _Places) -> tuple[TreeNode, ...]:
    """The arguments in the order of the text, so that one can come to be passed by keyword."""
    arguments: list[TreeNode] = []
    for each in (*call.args, *call.keywords):
        value = _node(each.value if isinstance(each, ast.keyword) else each, places)
        placed = _node(each, places)
        if value is not None and placed is not None:
            words = (each.arg,) if isinstance(each, ast.keyword) else ()
            parts = Parts(words, ((value,),))
            arguments.append(TreeNode(ARGUMENT, placed.span, partial(_same, parts)))
    return tuple(sorted(arguments, key=lambda argument: argument.span))


def _parameters(given: ast.arguments, places: _Places) -> Iterator[TreeNode]:
    """The parameters in the order of the text, each with its default, so that one can be added."""
    plain = [*given.posonlyargs, *given.args]
    defaults = [*(None for _ in plain[len(given.defaults) :]), *given.defaults]
    kinds = ["/" if each in given.posonlyargs else "" for each in plain]
    every = [*zip(kinds, plain, defaults, strict=True)]
    if given.vararg is not None:
        every.append(("*", given.vararg, None))
    every += [
        ("by keyword", each, default)
        for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg is not None:
        every.append(("**", given.kwarg, None))
    for kind, each, default in every:
        below = [_node(part, places) for part in (each, default) if part is not None]
        children = tuple((part,) for part in below if part is not None)
        start, end = children[0][0].span[0], children[-1][0].span[1]
        yield TreeNode("parameter", (start, end), partial(_same, Parts((kind,), children)))


def _same(parts: Parts) -> Parts:
    return parts
