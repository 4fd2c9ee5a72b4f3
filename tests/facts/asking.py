"""A file and the expression in its last expression statement, which a test asks about."""

from __future__ import annotations

import textwrap

import libcst as cst

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.model.source import SourceText


def asked(text: str) -> tuple[FileFacts, cst.BaseExpression]:
    """The facts of the file ``text``, and the expression that stands last in it as a statement."""
    facts = FileFacts.parse(SourceText(textwrap.dedent(text)), Wanted(frozenset({"Expr"})))
    statement = facts.index.nodes["Expr"][-1]
    assert isinstance(statement, cst.Expr)
    return facts, statement.value
