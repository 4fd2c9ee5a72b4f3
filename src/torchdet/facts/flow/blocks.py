"""Blocks, edges and jumps: what the builders of expressions and statements stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from torchdet.facts.flow.graph import Graph, Point
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.name_table import NameTable

Task = Callable[[], None]
_T = TypeVar("_T")


class Jump(Enum):
    """A way to leave a block other than by its end."""

    BREAK = "break"
    CONTINUE = "continue"
    RETURN = "return"


@dataclass(slots=True)
class LoopFrame:
    after: int
    header: int


@dataclass(slots=True)
class FinallyFrame:
    """What must run before a jump: the jumps that pass through it wait in ``pending``."""

    entry: int
    pending: set[Jump] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Semantics:
    """What the builder asks about names: it knows nothing of scopes itself."""

    table: NameTable
    never_returns: Callable[[cst.Call], bool]
    is_deferred: Callable[[cst.GeneratorExp], bool]


class BlockBuilder:
    """A graph that grows at its current block, driven by a stack of tasks.

    Tasks instead of recursion: no depth of nesting overflows Python's own stack.
    """

    def __init__(self, owner: cst.CSTNode, semantics: Semantics) -> None:
        self._semantics = semantics
        self._table = semantics.table
        self._graph = Graph(owner)
        self._current = self._graph.add_block()
        self._position = 0
        self._tasks: list[Task] = []
        self._frames: list[LoopFrame | FinallyFrame] = []
        self._raise_to: int | None = None

    def _do(self, *tasks: Task) -> None:
        """Run ``tasks`` next, in this order."""
        self._tasks.extend(reversed(tasks))

    def _enter(self, block: int) -> None:
        """Go on in ``block``; inside a ``try``, an exception may leave from its end."""
        self._current = block
        if self._raise_to is not None:
            self._graph.add_edge(block, self._raise_to)

    def _start(self, block: int) -> None:
        """Go on in ``block``, which follows the current one."""
        self._graph.add_edge(self._current, block)
        self._enter(block)

    def _goto(self, block: int) -> None:
        self._graph.add_edge(self._current, block)
        self._current = self._graph.add_block()

    def _mark(self, node: cst.CSTNode) -> None:
        self._position += 1
        point = Point(self._current, self._position)
        points = self._graph.points
        points[node] = (*points[node], point) if node in points else (point,)

    def _define(self, node: cst.CSTNode) -> None:
        """``node`` binds its name here. In a ``try`` the handlers see either side of it."""
        found = self._table.bound.get(node)
        if found is None:
            return
        variable, definition = found
        if isinstance(node, (cst.Name, cst.ImportAlias, cst.Param)) and (
            node not in self._table.used_in
        ):
            self._mark(node)
        self._position += 1
        point = Point(self._current, self._position)
        self._graph.definitions.setdefault(variable, []).append((point, definition))
        if self._raise_to is not None:
            self._start(self._graph.add_block())

    def _jump(self, jump: Jump) -> None:
        for frame in reversed(self._frames):
            if isinstance(frame, FinallyFrame):
                frame.pending.add(jump)
                self._goto(frame.entry)
                return
            if jump is not Jump.RETURN:
                self._goto(frame.after if jump is Jump.BREAK else frame.header)
                return
        self._graph.exits.append(self._current)
        self._current = self._graph.add_block()


def task(action: Callable[[_T], None], argument: _T) -> Task:
    return lambda: action(argument)
