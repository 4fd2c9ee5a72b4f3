"""Where nodes stand in the text: the one place that touches LibCST's internals.

LibCST's trees know their white space but not their positions; a position comes out of writing
the module back to text. LibCST's own provider records every node (12 s for 80,000 lines); this
one notes, for the wanted nodes only, how many tokens were written before and after them
(1.6 s for the same), and stops after the last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import accumulate

import libcst as cst
from libcst._nodes.internal import CodegenState

_NO_RECORD: AbstractContextManager[None] = nullcontext()


@dataclass(frozen=True, slots=True)
class Positions:
    """Offsets of nodes in the text, ``(start, end)`` in characters.

    ``begins`` are the offsets at which the nodes begin with the white space they own: a block
    begins right after the colon of its header. ``comments`` are the spans of the comments, if
    they were asked for. ``faithful`` is false when the tree does not write back to the text that
    it was parsed from (a few files with form feeds or odd white space): the offsets are then
    near, not exact, and no edit may be made from them.
    """

    spans: dict[cst.CSTNode, tuple[int, int]]
    begins: dict[cst.CSTNode, int]
    faithful: bool
    comments: tuple[tuple[int, int], ...] = ()


def locate(
    module: cst.Module, text: str, wanted: Collection[cst.CSTNode], *, comments: bool = False
) -> Positions:
    """The positions of the ``wanted`` nodes of ``module``, which was parsed from ``text``.

    Positions are those of LibCST's ``PositionProvider``: without surrounding white space and
    without the parentheses that an expression owns. Raises ``RecursionError`` for trees nested
    deeper than Python's stack.
    """
    state = _LocatingState(module, wanted, comments)
    with suppress(_AllFoundError):
        module._codegen(state)
    offsets = [0, *accumulate(map(len, state.tokens))]
    written = "".join(state.tokens)
    faithful = text.startswith(written)
    last = len(text)
    return Positions(
        {
            node: (min(offsets[start], last), min(offsets[end], last))
            for node, (start, end) in state.found.items()
        },
        {node: min(offsets[begin], last) for node, begin in state.begins.items()},
        faithful,
        tuple((offsets[start], offsets[end]) for start, end in state.comments),
    )


class _AllFoundError(Exception):
    """Ends the writing when nothing more is wanted."""


class _LocatingState(CodegenState):
    """Writes the module and notes token indices around the wanted nodes."""

    __slots__ = ("_comments_wanted", "_wanted", "begins", "comments", "found")

    def __init__(
        self, module: cst.Module, wanted: Collection[cst.CSTNode], comments_wanted: bool
    ) -> None:
        super().__init__(
            default_indent=module.default_indent, default_newline=module.default_newline
        )
        self._wanted = set(wanted)
        self._comments_wanted = comments_wanted
        self.begins: dict[cst.CSTNode, int] = {}
        self.found: dict[cst.CSTNode, tuple[int, int]] = {}
        self.comments: list[tuple[int, int]] = []

    def before_codegen(self, node: cst.CSTNode) -> None:
        if node in self._wanted:
            self.begins[node] = len(self.tokens)

    def after_codegen(self, node: cst.CSTNode) -> None:
        if node in self._wanted:
            if node not in self.found:
                self.found[node] = (self.begins[node], len(self.tokens))
            if len(self.found) == len(self._wanted) and not self._comments_wanted:
                raise _AllFoundError
        elif self._comments_wanted and type(node) is cst.Comment:
            self.comments.append((len(self.tokens) - 1, len(self.tokens)))

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
