"""Edits as rules write them: by node, before anybody knows where the node stands."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.facts.lazy import cst
from torchdet.model.fix import Applicability


@dataclass(frozen=True, slots=True)
class Replace:
    """Put ``text`` in place of ``node``; parentheses around it stay."""

    node: cst.CSTNode
    text: str


@dataclass(frozen=True, slots=True)
class InsertBefore:
    """Put ``text`` right before ``node``."""

    node: cst.CSTNode
    text: str


@dataclass(frozen=True, slots=True)
class InsertAfter:
    """Put ``text`` right after ``node``."""

    node: cst.CSTNode
    text: str


@dataclass(frozen=True, slots=True)
class InsertArgument:
    """Put ``text`` between the parentheses of the call ``node``, which has no arguments."""

    node: cst.Call
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Take the statement ``node`` away with the rows that it has for itself.

    ``node`` is a simple statement (``cst.Import``, ``cst.Assign``), a whole row of them
    (``cst.SimpleStatementLine``) or a compound statement. What it leaves empty becomes ``pass``.
    Its comments stay in rows of their own, but for those that only speak to a tool about it. With
    ``tidy``, of the blank rows above and below it only the more numerous stay; an edit that puts
    something right below it needs them all. ``with_comments`` takes its comments along, which
    another edit writes elsewhere.
    """

    node: cst.CSTNode
    tidy: bool = True
    with_comments: bool = False


@dataclass(frozen=True, slots=True)
class ReplaceStatement:
    """Put the statements ``rows`` in place of the simple statement ``node``.

    They are written without the indentation of their block. Where ``node`` shares its row with
    others they come to stand in it as well, so that each must be a simple statement there.
    """

    node: cst.CSTNode
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatementsBefore:
    """Put ``rows``, indented like ``node``, above the whole row of statements or the compound
    statement ``node``; below the comments that stand above it.
    """

    node: cst.CSTNode
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatementsAfter:
    """Put ``rows`` below the last row of ``node``, a whole row of statements or a compound one.

    ``node`` stands at the outermost level of its file.
    """

    node: cst.CSTNode
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enclose:
    """Put ``header`` in place of the statement ``node``, and what follows it in its block below.

    ``node`` is a simple statement with a row for itself, ``last`` the last row of statements or
    compound statement of its block, and ``header`` that of a compound statement, such as
    ``with lock:``.
    """

    node: cst.CSTNode
    last: cst.CSTNode
    header: str


ExpressionEdit = Replace | InsertBefore | InsertAfter | InsertArgument
StatementEdit = Delete | Enclose | ReplaceStatement | StatementsBefore | StatementsAfter
NodeEdit = ExpressionEdit | StatementEdit


@dataclass(frozen=True, slots=True)
class NodeFix:
    """A fix whose edits name nodes; all of them are applied, or none.

    Prefer the smallest insertion over replacing a whole expression: small edits compose, and
    nested findings are then fixed in one pass.
    """

    message: str
    applicability: Applicability
    edits: tuple[NodeEdit, ...]
