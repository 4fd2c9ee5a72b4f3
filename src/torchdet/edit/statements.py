"""Edits of whole statements as edits of text: rows, indentation, comments, emptied blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from torchdet.edit.node_edit import (
    Delete,
    Enclose,
    ReplaceStatement,
    StatementEdit,
    StatementsAfter,
    StatementsBefore,
)
from torchdet.facts.lazy import cst
from torchdet.facts.locate import Positions
from torchdet.facts.tokens import comments, joins

Spliced = tuple[int, int, str]
"""The range of characters that is replaced, and what is written there."""

_END_OF_ROW = re.compile(r"\r\n|[\r\n]|\Z")
_ROW = re.compile(r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+")
_INDENTED_ROW = re.compile(r"^([ \t]+)[^\s#]", re.MULTILINE)
_BLANK_ROW = re.compile(r"[ \t\f]*(?:\r\n|[\r\n])")
_BEFORE_NEXT = re.compile(r"(?:[ \t\f]|\\\r?\n|\\\r)*;(?:[ \t\f]|\\\r?\n|\\\r)*")
_AFTER_LAST = re.compile(r"(?:[ \t\f]|\\\r?\n|\\\r)*;(?:[ \t\f]|\\\r?\n|\\\r)*\Z")

# What only tells a tool something about the statement beside it.
_PRAGMA = (
    r"#\s*(?:noqa(?::\s*[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?|nopep8|NOQA"
    r"|(?:type|pyright|ty|mypy):\s*ignore(?:\[[^\]]*\])?"
    r"|isort:\s*skip|fmt:\s*skip|yapf:\s*disable"
    r"|pylint:\s*disable=[\w,\s-]+|pragma:\s*no\s?(?:cover|branch)|nosec(?:\s+B\d+(?:,\s*B\d+)*)?)"
)
_ONLY_PRAGMAS = re.compile(rf"(?:{_PRAGMA}\s*)+")


@dataclass(frozen=True, slots=True)
class StatementEdits:
    """Writes edits of statements as text.

    ``parents`` are those of the index. ``deleted`` are all statements that may be deleted at the
    same time: of a block that loses all of its statements the first becomes ``pass``.
    """

    text: str
    newline: str
    positions: Positions
    parents: Mapping[cst.CSTNode, cst.CSTNode]
    deleted: Collection[cst.CSTNode]

    def lower(self, edit: StatementEdit) -> Spliced | None:
        """``edit`` as text, rows separated by ``newline``; None where a comment would be lost."""
        if isinstance(edit, Delete):
            return self._delete(edit)
        if isinstance(edit, ReplaceStatement):
            return self._replace(edit)
        if isinstance(edit, Enclose):
            return self._enclose(edit)
        return self._insert(edit)

    # Insertions.

    def _insert(self, edit: StatementsBefore | StatementsAfter) -> Spliced:
        text = self.text
        first, last = self.positions.spans[first_part(edit.node)], self.positions.spans[edit.node]
        start = _row_start(text, first[0])
        indent = text[start : first[0]]
        rows = [f"{indent}{row}" if row else "" for row in edit.rows]
        if isinstance(edit, StatementsBefore):
            return start, start, "".join(f"{row}{self.newline}" for row in rows)
        end = _END_OF_ROW.search(text, last[1])
        assert end is not None
        if not end.group():
            return end.end(), end.end(), "".join(f"{self.newline}{row}" for row in rows)
        return end.end(), end.end(), "".join(f"{row}{self.newline}" for row in rows)

    # Replacing.

    def _replace(self, edit: ReplaceStatement) -> Spliced | None:
        start, end = self.positions.spans[edit.node]
        kept = [self.text[a:b] for a, b in _comments_in(self.text, start, end)]
        if not self._is_alone(edit.node):
            return None if kept else (start, end, "; ".join(edit.rows))
        indent = self.text[_row_start(self.text, start) : start]
        rows = [f"{indent}{row}" if row else "" for row in (*kept, *edit.rows)]
        return start, end, self.newline.join(rows).removeprefix(indent)

    # Enclosing.

    def _enclose(self, edit: Enclose) -> Spliced | None:
        if not self._is_alone(edit.node):
            return None
        text = self.text
        start, after = self.positions.spans[edit.node]
        end = self.positions.spans[edit.last][1]
        unit = _INDENTED_ROW.search(text)
        indented = indent_rows(text[start:end], unit.group(1) if unit is not None else "    ")
        return start, end, edit.header + indented[after - start :]

    def _is_alone(self, node: cst.CSTNode) -> bool:
        """Whether no other statement stands in the rows of ``node``."""
        line = self.parents[node]
        if isinstance(line, cst.SimpleStatementSuite):
            return False
        return not isinstance(line, cst.SimpleStatementLine) or len(line.body) == 1

    # Deleting.

    def _delete(self, edit: Delete) -> Spliced | None:
        node = edit.node
        if self._becomes_pass(node):
            return self._replace(ReplaceStatement(node, ("pass",)))
        if self._is_alone(node):
            return self._delete_rows(node, edit)
        return self._delete_from_row(node)

    def _becomes_pass(self, node: cst.CSTNode) -> bool:
        """Whether ``node`` is the first statement of a block that would lose all it has."""
        block = self.parents[node]
        if isinstance(block, cst.SimpleStatementLine):
            block = self.parents[block]
        if not isinstance(block, (cst.IndentedBlock, cst.SimpleStatementSuite)):
            return False
        statements = [each for row in block.body for each in _statements(row)]
        gone = {each for row in self.deleted for each in _statements(row)} | {*_statements(node)}
        return statements[0] is next(_statements(node)) and gone.issuperset(statements)

    def _delete_from_row(self, node: cst.CSTNode) -> Spliced | None:
        """Of a row of several statements one, with the semicolon that separates it."""
        start, end = self.positions.spans[node]
        if any(_comments_in(self.text, start, end)):
            return None
        line = self.parents[node]
        assert isinstance(line, (cst.SimpleStatementLine, cst.SimpleStatementSuite))
        if line.body[-1] is node:
            before = _AFTER_LAST.search(self.text, 0, start)
            return (before.start() if before is not None else start), end, ""
        after = _BEFORE_NEXT.match(self.text, end)
        return start, (after.end() if after is not None else end), ""

    def _delete_rows(self, node: cst.CSTNode, edit: Delete) -> Spliced:
        text = self.text
        first, (_, last) = self.positions.spans[first_part(node)], self.positions.spans[node]
        start = _row_start(text, first[0])
        indent = text[start : first[0]]
        row_end = _END_OF_ROW.search(text, last)
        assert row_end is not None
        spans = _comments_in(text, first[0], row_end.start())
        found = [text[a:b] for a, b in spans]
        kept = [f"{indent}{each}{self.newline}" for each in found if not is_pragma(each)]
        end = row_end.end()
        if edit.with_comments:
            kept = []
        if kept or not edit.tidy:
            return start, end, "".join(kept)
        return self._blank_rows_above(start, end), self._past_blank_rows(node, start, end), ""

    def _past_blank_rows(self, node: cst.CSTNode, start: int, end: int) -> int:
        """``end``, or past as many blank rows below as stand above what is deleted."""
        below = _blank_rows_from(self.text, end)
        above = self._count_blank_above(node, start)
        dropped = below if above is None else below[: min(above, len(below))]
        return dropped[-1] if dropped else end

    def _count_blank_above(self, node: cst.CSTNode, start: int) -> int | None:
        """How many blank rows stand above ``node`` and what is deleted right above it.

        None where it is the first in its block: all blank rows below it go as well.
        """
        above = _blank_rows_before(self.text, start)
        if above:
            return len(above)
        before = self._previous(node)
        if before is None:
            in_block = isinstance(self.parents.get(_row_of(node, self.parents)), cst.IndentedBlock)
            return None if in_block or start == 0 else 0
        first = first_part(next(_statements(before)))
        if self._goes(before) and first in self.positions.spans:
            place = self.positions.spans[first][0]
            return self._count_blank_above(before, _row_start(self.text, place))
        return 0

    def _goes(self, row: cst.CSTNode) -> bool:
        gone = {each for other in self.deleted for each in _statements(other)}
        return gone.issuperset(_statements(row))

    def _previous(self, node: cst.CSTNode) -> cst.CSTNode | None:
        row = _row_of(node, self.parents)
        block = self.parents.get(row)
        if not isinstance(block, (cst.Module, cst.IndentedBlock)):
            return None
        index = next((i for i, each in enumerate(block.body) if each is row), 0)
        return block.body[index - 1] if index else None

    def _blank_rows_above(self, start: int, end: int) -> int:
        """``start``, or the first of the blank rows above it where nothing stands below."""
        above = _blank_rows_before(self.text, start)
        at_the_end = not self.text[end:].strip()
        return above[0] if at_the_end and above else start


def first_part(statement: cst.CSTNode) -> cst.CSTNode:
    """The node with which ``statement`` begins: its first decorator, if it has one."""
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)) and statement.decorators:
        return statement.decorators[0]
    return statement


def indent_rows(code: str, unit: str) -> str:
    """``code`` with ``unit`` before each of its rows but the first, blank ones and strings apart.

    >>> indent_rows("a = [\\n]", "  ")
    'a = [\\n  ]'
    """
    strings = [span for span in joins(code) if code[span[0]] != "\\"]
    pieces: list[str] = []
    for match in _ROW.finditer(code):
        start = match.start()
        in_string = any(first < start < last for first, last in strings)
        moves = start > 0 and match.group().strip() and not in_string
        pieces.append(unit + match.group() if moves else match.group())
    return "".join(pieces)


def is_pragma(comment: str) -> bool:
    """Whether ``comment`` only speaks to a tool about the statement beside it.

    >>> is_pragma("# noqa: E402"), is_pragma("# noqa: E402 (must come first)")
    (True, False)
    """
    return _ONLY_PRAGMAS.fullmatch(comment) is not None


def _statements(row: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The simple statements of ``row``, or ``row`` itself."""
    if isinstance(row, cst.SimpleStatementLine):
        yield from row.body
    else:
        yield row


def _row_of(node: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> cst.CSTNode:
    parent = parents[node]
    return parent if isinstance(parent, cst.SimpleStatementLine) else node


def _row_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _comments_in(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for first, last in comments(text[start:end]):
        yield start + first, start + last


def _blank_rows_from(text: str, offset: int) -> list[int]:
    """Where each of the blank rows ends that begin at ``offset``."""
    ends: list[int] = []
    while (match := _BLANK_ROW.match(text, offset)) is not None:
        offset = match.end()
        ends.append(offset)
    return ends


def _blank_rows_before(text: str, offset: int) -> list[int]:
    """Where each of the blank rows begins that end at ``offset``, from the top."""
    starts: list[int] = []
    while offset:
        above = offset - (2 if text[:offset].endswith("\r\n") else 1)
        start = _row_start(text, above)
        if _BLANK_ROW.fullmatch(text, start, offset) is None:
            break
        starts.append(start)
        offset = start
    starts.reverse()
    return starts
