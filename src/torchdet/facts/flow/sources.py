"""The answer to where a value comes from, and what a rule adds to the question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.flow.definitions import Path
from torchdet.facts.flow.graph import Branch
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.command_line import Option

Transfer = Callable[[cst.BaseExpression], Iterable[cst.BaseExpression] | None]
"""What a rule knows of the language's libraries: the operands whose value the expression (a call,
an operator, an f-string, an attribute, a subscript) passes on, or None where it knows nothing."""


def nothing_passes(_: cst.BaseExpression) -> None:
    """The transfer of a rule that knows nothing: values end at calls of unknown functions."""


@dataclass(frozen=True, slots=True)
class ValueSource:
    """One end of the search: ``node`` gives the value, or the part of it at ``path``.

    ``node`` is an expression, or what binds a name that has no expression: a parameter, an import,
    a function, a class. ``conditions`` are those on the way, ``certain`` says that the value can
    come from nowhere else. ``option`` is the declaration when it is the default of an option.
    """

    node: cst.CSTNode
    path: Path = ()
    conditions: tuple[Branch, ...] = ()
    certain: bool = True
    option: Option | None = None
    origin: cst.BaseExpression | None = None

    @property
    def expression(self) -> cst.BaseExpression | None:
        """The expression that reads the value: ``cfg.device`` where ``node`` is only ``cfg``."""
        if self.path:
            return self.origin
        return self.node if isinstance(self.node, cst.BaseExpression) else None


@dataclass(frozen=True, slots=True)
class Sources:
    """All ends. ``complete`` when the file shows every one; else ``missing`` says why not.

    ``passed`` are the expressions that have the value as a whole, on the way and at its ends.
    """

    every: tuple[ValueSource, ...]
    missing: tuple[str, ...]
    passed: tuple[cst.BaseExpression, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the value can come from nothing but ``every``."""
        return not self.missing

    @property
    def expressions(self) -> tuple[cst.BaseExpression, ...]:
        """The ends that are expressions, and are the value as a whole."""
        return tuple(
            each.node
            for each in self.every
            if isinstance(each.node, cst.BaseExpression) and not each.path
        )
