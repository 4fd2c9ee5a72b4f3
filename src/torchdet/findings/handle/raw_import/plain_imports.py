"""The imports of torch in a file's outline, with their places in the text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.facts.screen import ImportMention, Outline, text_offset
from torchdet.model.source import SourceText
from torchdet.reading.imports import ImportedModule, is_torch

_TYPE_CHECKING = frozenset({"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"})
_FROM = re.compile(r"from[ \t]+([\w.]+)[ \t]+import\b")
_NOTHING = re.compile(r"[ \t]*(?:#.*)?")


@dataclass(frozen=True, slots=True)
class PlainImport:
    """An import of torch, what to underline, and the rows of its statement."""

    item: ImportedModule
    start: int
    end: int
    rows: tuple[int, int]
    inside: str


class _UnclearError(Exception):
    """It takes the tree of LibCST to tell."""


def plain_torch_imports(outline: Outline) -> list[PlainImport] | None:
    """The imports of torch that are run; None where one is written or guarded in an unusual way."""
    try:
        return [
            each
            for mention in outline.imports
            if any(is_torch(module) for module in mention.modules())
            for each in _plain_imports(mention, outline)
        ]
    except _UnclearError:
        return None


def _plain_imports(mention: ImportMention, outline: Outline) -> Iterator[PlainImport]:
    guarded = [_is_type_checking(test, outline) for test in mention.guards]  # each must be clear
    if any(guarded):
        return
    rows = _own_rows(mention, outline.source)
    for item, (start, end) in _items(mention, outline.source):
        if is_torch(item.module):
            yield PlainImport(item, start, end, rows, mention.inside)


def _is_type_checking(test: ast.expr, outline: Outline) -> bool:
    """Whether only a type checker takes the branch."""
    if not outline.meanings(test, _TYPE_CHECKING):
        return False
    root = test
    while isinstance(root, ast.Attribute):
        root = root.value
    assert isinstance(root, ast.Name)
    at_the_top = any(
        not mention.inside and not mention.guards and bound == root.id
        for mention in outline.imports
        for bound, _ in mention.bindings()
    )
    if outline.bound[root.id] != 1 or not at_the_top:
        raise _UnclearError
    return True


def _own_rows(mention: ImportMention, source: SourceText) -> tuple[int, int]:
    """The first and last row of a statement that stands on rows of its own."""
    node = mention.node
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = text_offset(source, node.lineno, node.col_offset)
    end = text_offset(source, node.end_lineno, node.end_col_offset)
    before = source.text[source.offset(node.lineno, 1) : start]
    after = source.line(node.end_lineno)[source.location(end).column - 1 :]
    if before.strip(" \t") or _NOTHING.fullmatch(after) is None:
        raise _UnclearError
    return node.lineno, node.end_lineno


def _items(
    mention: ImportMention, source: SourceText
) -> Iterator[tuple[ImportedModule, tuple[int, int]]]:
    node = mention.node
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield ImportedModule.plain(alias.name, alias.asname), _span(alias, source)
        return
    start = text_offset(source, node.lineno, node.col_offset)
    match = _FROM.match(source.text, start)
    if mention.is_star or match is None or match[1] != mention.origin:
        raise _UnclearError
    names = tuple((alias.name, alias.asname or alias.name) for alias in node.names)
    yield ImportedModule.of_names(mention.origin, names), match.span(1)


def _span(alias: ast.alias, source: SourceText) -> tuple[int, int]:
    assert alias.end_lineno is not None
    assert alias.end_col_offset is not None
    start = text_offset(source, alias.lineno, alias.col_offset)
    end = text_offset(source, alias.end_lineno, alias.end_col_offset)
    return start, end
