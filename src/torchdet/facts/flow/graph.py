"""The control-flow graph of one body of code."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from torchdet.facts.flow.dominators import Dominators
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.definitions import Definition
    from torchdet.facts.scope import Scope

Variable = tuple["Scope", str]
ENTRY = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """The expression ``test`` came out true (``holds``) or false.

    With a ``pattern``, it is the subject of a ``match`` that fits the pattern, or does not.
    """

    test: cst.BaseExpression
    holds: bool
    pattern: cst.MatchPattern | None = None


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A moment in a body: the block, and the position in it."""

    block: int
    position: int


@dataclass(eq=False)
class Graph:
    """Blocks by number; ``ENTRY`` is the first.

    ``branches`` holds the test that leads into a block, ``points`` where nodes are evaluated:
    twice for the body of a ``finally``, which is copied for the ways that leave by an exception
    or a jump. ``definitions`` are the places that bind each variable, in the order in which they
    were built. ``exits`` are the blocks from which the body is left normally,
    ``end`` is the one that falls through at the end, ``stars`` are the star imports.
    """

    owner: cst.CSTNode
    successors: list[list[int]] = field(default_factory=list)
    predecessors: list[list[int]] = field(default_factory=list)
    branches: dict[int, Branch] = field(default_factory=dict)
    points: dict[cst.CSTNode, tuple[Point, ...]] = field(default_factory=dict)
    definitions: dict[Variable, list[tuple[Point, Definition]]] = field(default_factory=dict)
    exits: list[int] = field(default_factory=list)
    end: int = ENTRY
    stars: list[Point] = field(default_factory=list)

    def add_block(self) -> int:
        """A new block without edges."""
        self.successors.append([])
        self.predecessors.append([])
        return len(self.successors) - 1

    def add_edge(self, source: int, target: int) -> None:
        """Let control pass from ``source`` to ``target``."""
        if target not in self.successors[source]:
            self.successors[source].append(target)
            self.predecessors[target].append(source)

    @cached_property
    def dominators(self) -> Dominators:
        """Which block dominates which."""
        return Dominators(self.successors, self.predecessors)
