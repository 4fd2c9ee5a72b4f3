"""The rows that bind what an import of torch bound, below an import of torch itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from torchdet.edit.imports import ImportStatement
from torchdet.edit.statements import is_pragma
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.findings.handle.binding_rows import (
    LINE_LENGTH,
    Source,
    bound_value,
    module_row,
    torch_aliases,
)
from torchdet.torch_api.torch_modules import LOADED_WITH_TORCH

_FUNCTION = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class AliasRow:
    """One assignment, with the comment that stood beside the import of its name."""

    names: tuple[str, ...]
    values: tuple[str, ...]
    comment: str = ""
    needs_handle: bool = False

    @property
    def code(self) -> str:
        """The assignment alone."""
        return f"{', '.join(self.names)} = {', '.join(self.values)}"

    @property
    def text(self) -> str:
        """The row as it is written."""
        return f"{self.code}  {self.comment}" if self.comment else self.code

    @property
    def needs_torch(self) -> bool:
        """Whether a value is read off torch."""
        return not self.needs_handle


def alias_rows(
    statement: ImportStatement, source: Source, facts: FileFacts
) -> tuple[AliasRow, ...]:
    """The rows that bind what ``statement`` imports beside torch itself.

    Functions that come in one statement share a row where they fit in it. Modules and classes
    have one each: type checkers take only that for an alias.
    """
    rows = list(_single_rows(statement, source, facts))
    grouped: list[AliasRow] = []
    for plain, group in groupby(rows, key=_may_share):
        members = list(group)
        joined = AliasRow(
            tuple(name for row in members for name in row.names),
            tuple(value for row in members for value in row.values),
        )
        fits = plain and len(members) > 1 and len(joined.code) <= LINE_LENGTH
        grouped += [joined] if fits else members
    return tuple(grouped)


def _may_share(row: AliasRow) -> bool:
    if row.comment or row.needs_handle:
        return False
    dotted = row.values[0]
    return dotted not in LOADED_WITH_TORCH and _FUNCTION.fullmatch(row.names[0]) is not None


def _single_rows(
    statement: ImportStatement, source: Source, facts: FileFacts
) -> Iterator[AliasRow]:
    assert not isinstance(statement.names, cst.ImportStar)
    aliases = (
        torch_aliases(statement) if isinstance(statement, cst.Import) else tuple(statement.names)
    )
    module = module_row(statement, source, facts)
    if module is not None:
        yield AliasRow((module.name,), (module.value,), needs_handle=True)
    for alias in aliases:
        name, value = bound_value(alias, statement, source, facts)
        if value in ("", name):
            continue
        comment = _comment(alias, statement, facts, last=alias is aliases[-1])
        needs_handle = value.startswith(f"{source.handle}.")
        if module is not None and module.holds(value):
            value = module.shortened(value)
        yield AliasRow((name,), (value,), comment, needs_handle)


def _comment(
    alias: cst.ImportAlias, statement: ImportStatement, facts: FileFacts, *, last: bool
) -> str:
    """The comment beside ``alias``, unless it only speaks to a tool."""
    spaces: list[cst.CSTNode] = []
    if isinstance(alias.comma, cst.Comma):
        spaces.append(alias.comma.whitespace_after)
    if last and isinstance(statement, cst.ImportFrom) and statement.rpar is not None:
        spaces.append(statement.rpar.whitespace_before)
    row = facts.parent(statement)
    if last and isinstance(row, cst.SimpleStatementLine) and len(row.body) == 1:
        spaces.append(row.trailing_whitespace)
    found = [
        each.first_line.comment if isinstance(each, cst.ParenthesizedWhitespace) else each.comment
        for each in spaces
        if isinstance(each, (cst.ParenthesizedWhitespace, cst.TrailingWhitespace))
    ]
    said = [each.value for each in found if each is not None and not is_pragma(each.value)]
    return "  ".join(said)
