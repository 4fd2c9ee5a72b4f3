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


NodeEdit = Replace | InsertBefore | InsertAfter


@dataclass(frozen=True, slots=True)
class NodeFix:
    """A fix whose edits name nodes; all of them are applied, or none.

    Prefer the smallest insertion over replacing a whole expression: small edits compose, and
    nested findings are then fixed in one pass.
    """

    message: str
    applicability: Applicability
    edits: tuple[NodeEdit, ...]
