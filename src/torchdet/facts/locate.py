"""Where nodes stand in the text: the one place that touches LibCST's internals.

LibCST's trees know their white space but not their positions; a position comes out of writing
the tree back to text. LibCST's own provider writes the whole module and records every node (12 s
for 80,000 lines). Here only the smallest statements around wanted nodes are written, and looked
up in the text; where one stands there twice, the next larger one around it is, then the outermost
one, and the module up to the last such node where all else fails. No pass writes a statement twice,
so the work grows with the text however deep it nests.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from types import MappingProxyType

import libcst as cst
from libcst._nodes.internal import CodegenState

from torchdet.facts.parse import TOO_DEEP, UnparseableError

_ROW = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_NO_RECORD: AbstractContextManager[None] = nullcontext()


@dataclass(frozen=True, slots=True)
class Positions:
    """Offsets of nodes in the text, ``(start, end)`` in characters.

    ``begins`` are the offsets at which the nodes begin with the white space they own: a block
    begins right after the colon of its header. ``faithful`` is false when the tree does not
    write back to the text that it was parsed from (a few files with form feeds or odd white
    space): the offsets are then near, not exact, and no edit may be made from them.
    """

    spans: dict[cst.CSTNode, tuple[int, int]]
    begins: dict[cst.CSTNode, int]
    faithful: bool


def locate(
    module: cst.Module,
    text: str,
    wanted: Collection[cst.CSTNode],
    parents: Mapping[cst.CSTNode, cst.CSTNode] = MappingProxyType({}),
) -> Positions:
    """The positions of the ``wanted`` nodes of ``module``, which was parsed from ``text``.

    ``parents`` are those of the index; without them the module is written as a whole.

    Positions are those of LibCST's ``PositionProvider``: without surrounding white space and
    without the parentheses that an expression owns. Raises ``UnparseableError`` for trees nested
    deeper than Python's stack.
    """
    try:
        return _locate(module, text, wanted, parents)
    except RecursionError:
        raise UnparseableError(TOO_DEEP) from None


def _locate(
    module: cst.Module,
    text: str,
    wanted: Collection[cst.CSTNode],
    parents: Mapping[cst.CSTNode, cst.CSTNode],
) -> Positions:
    spans: dict[cst.CSTNode, tuple[int, int]] = {}
    begins: dict[cst.CSTNode, int] = {}
    left: Collection[cst.CSTNode] = wanted
    lookup = _LineLookup(text)
    known: dict[cst.CSTNode, _Statement | None] = {}
    around = {node: _statement_around(node, parents, known) for node in wanted}
    for wider in (_wider_statement, _outermost_statement, None):
        not_found: list[cst.CSTNode] = []
        for statement, nodes in _grouped(left, around, parents).items():
            found = (
                _in_statement(module, lookup, statement, nodes, parents)
                if statement is not None
                else None
            )
            if found is not None:
                spans |= found.spans
                begins |= found.begins
                continue
            not_found += nodes
            next_around = None if statement is None or wider is None else wider(statement, parents)
            around.update(dict.fromkeys(nodes, next_around))
        left = not_found
    if not left:
        return Positions(spans, begins, faithful=True)
    rest = _in_module(module, text, left)
    return Positions(spans | rest.spans, begins | rest.begins, rest.faithful)


_Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
_STATEMENT_TYPES = (cst.SimpleStatementLine, cst.BaseCompoundStatement)


def _statement_around(
    node: cst.CSTNode,
    parents: Mapping[cst.CSTNode, cst.CSTNode],
    known: dict[cst.CSTNode, _Statement | None],
) -> _Statement | None:
    """``node`` or the smallest node above it that is written alone as it is in its module.

    ``known`` keeps the answer for every node that was passed on the way.
    """
    way: list[cst.CSTNode] = []
    current: cst.CSTNode | None = node
    found: _Statement | None = None
    while current is not None and found is None:
        if current in known:
            found = known[current]
            break
        way.append(current)
        above = parents.get(current)
        if isinstance(current, _STATEMENT_TYPES) and not (
            isinstance(above, cst.If) and above.orelse is current  # ``elif`` would become ``if``
        ):
            found = current
        current = above
    known.update(dict.fromkeys(way, found))
    return found


def _wider_statement(
    statement: _Statement, parents: Mapping[cst.CSTNode, cst.CSTNode]
) -> _Statement | None:
    above = parents.get(statement)
    return _statement_around(above, parents, {}) if above is not None else None


def _outermost_statement(
    statement: _Statement, parents: Mapping[cst.CSTNode, cst.CSTNode]
) -> _Statement | None:
    outermost: _Statement = statement
    above = _wider_statement(outermost, parents)
    while above is not None:
        outermost = above
        above = _wider_statement(outermost, parents)
    return outermost


def _grouped(
    nodes: Collection[cst.CSTNode],
    around: Mapping[cst.CSTNode, _Statement | None],
    parents: Mapping[cst.CSTNode, cst.CSTNode],
) -> dict[_Statement | None, list[cst.CSTNode]]:
    """The ``nodes`` by the outermost statement to write that holds them."""
    statements = {around[node] for node in nodes}
    written: dict[cst.CSTNode, _Statement | None] = {}
    groups: dict[_Statement | None, list[cst.CSTNode]] = {}
    for node in nodes:
        statement = around[node]
        if statement is not None:
            statement = _written_with(statement, statements, parents, written)
        groups.setdefault(statement, []).append(node)
    return groups


def _written_with(
    statement: _Statement,
    statements: Collection[_Statement | None],
    parents: Mapping[cst.CSTNode, cst.CSTNode],
    known: dict[cst.CSTNode, _Statement | None],
) -> _Statement:
    """The outermost of ``statements`` around ``statement``, which may be itself.

    ``known`` keeps the answer for every node that was passed on the way.
    """
    way: list[cst.CSTNode] = []
    current: cst.CSTNode | None = statement
    while current is not None and current not in known:
        way.append(current)
        current = parents.get(current)
    outermost = known[current] if current is not None else None
    for node in reversed(way):
        if outermost is None and node in statements:
            outermost = node if isinstance(node, _STATEMENT_TYPES) else None
        known[node] = outermost
    return outermost if outermost is not None else statement


def _in_statement(
    module: cst.Module,
    lookup: _LineLookup,
    statement: _Statement,
    nodes: Collection[cst.CSTNode],
    parents: Mapping[cst.CSTNode, cst.CSTNode],
) -> Positions | None:
    """The positions of ``nodes``, if what their statement writes stands in the text just once."""
    state = _LocatingState(module, nodes, to_the_end=True)
    for indent in _indents(module, statement, parents):
        state.increase_indent(indent)
    statement._codegen(state)
    start = lookup.start("".join(state.tokens))
    return None if start is None else state.positions(start, len(lookup.text), faithful=True)


def _indents(
    module: cst.Module, statement: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode]
) -> list[str]:
    """The indents of the blocks around ``statement``, outermost first."""
    indents: list[str] = []
    above = parents.get(statement)
    while above is not None:
        if isinstance(above, (cst.IndentedBlock, cst.Match)):
            indents.append(module.default_indent if above.indent is None else above.indent)
        above = parents.get(above)
    indents.reverse()
    return indents


class _LineLookup:
    """Finds whole lines in a text without a search through all of it for each."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for match in _ROW.finditer(self.text):
            rows.setdefault(match.group(), []).append(match.start())
        return rows

    def start(self, lines: str) -> int | None:
        """Where ``lines``, one or more whole ones, stand in the text; None unless just once."""
        rarest = min(_ROW.finditer(lines), key=self._occurrences, default=None)
        if rarest is None:
            return None
        places = (row - rarest.start() for row in self._rows.get(rarest.group(), ()))
        starts = (start for start in places if self._line_starts_at(start, lines))
        found = list(islice(starts, 2))
        return found[0] if len(found) == 1 else None

    def _occurrences(self, row: re.Match[str]) -> int:
        return len(self._rows.get(row.group(), ()))

    def _line_starts_at(self, start: int, lines: str) -> bool:
        at_start = start == 0 or (start > 0 and self.text[start - 1] in "\r\n")
        return at_start and self.text.startswith(lines, start)


def _in_module(module: cst.Module, text: str, nodes: Collection[cst.CSTNode]) -> Positions:
    """The positions of ``nodes``, from writing the module up to the last of them."""
    state = _LocatingState(module, nodes)
    with suppress(_AllFoundError):
        module._codegen(state)
    written = "".join(state.tokens)
    # A last line without a newline gets one here; only the end of the module takes it back.
    last_line = "" if module.has_trailing_newline else module.default_newline
    return state.positions(0, len(text), faithful=f"{text}{last_line}".startswith(written))


class _AllFoundError(Exception):
    """Ends the writing when nothing more is wanted."""


class _LocatingState(CodegenState):
    """Writes the module and notes token indices around the wanted nodes."""

    __slots__ = ("_to_the_end", "_wanted", "begins", "found")

    def __init__(
        self, module: cst.Module, wanted: Collection[cst.CSTNode], *, to_the_end: bool = False
    ) -> None:
        super().__init__(
            default_indent=module.default_indent, default_newline=module.default_newline
        )
        self._wanted = set(wanted)
        self._to_the_end = to_the_end
        self.begins: dict[cst.CSTNode, int] = {}
        self.found: dict[cst.CSTNode, tuple[int, int]] = {}

    def before_codegen(self, node: cst.CSTNode) -> None:
        if node in self._wanted:
            self.begins[node] = len(self.tokens)

    def after_codegen(self, node: cst.CSTNode) -> None:
        if node in self._wanted:
            if node not in self.found:
                self.found[node] = (self.begins[node], len(self.tokens))
            if len(self.found) == len(self._wanted) and not self._to_the_end:
                raise _AllFoundError

    # LibCST promises a generator's context manager; its callers only ever enter it.
    def record_syntactic_position(  # type: ignore[override]
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> AbstractContextManager[None]:
        if node not in self._wanted:
            return _NO_RECORD
        return self._record(node, start_node, end_node)

    @contextmanager
    def _record(
        self, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> Iterator[None]:
        # A block starts and ends where its first and last statements do, white space aside.
        self._wanted.update(inner for inner in (start_node, end_node) if inner is not None)
        start = len(self.tokens)
        yield
        end = len(self.tokens)
        if start_node is not None:
            start = self.found[start_node][0]
        if end_node is not None:
            end = self.found[end_node][1]
        self.found[node] = (start, end)

    def positions(self, start: int, last: int, *, faithful: bool) -> Positions:
        """What was found, for a text of ``last`` characters in which the writing began at
        ``start``.
        """
        offsets = list(accumulate(map(len, self.tokens), initial=start))
        spans = {
            node: (min(offsets[first], last), min(offsets[end], last))
            for node, (first, end) in self.found.items()
        }
        begins = {node: min(offsets[begin], last) for node, begin in self.begins.items()}
        return Positions(spans, begins, faithful)
