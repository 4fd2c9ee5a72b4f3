"""A module of a package: torch comes from the package's runtime module, in one import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torchdet.edit.imports import import_rows, leaving_sections, place_for_import
from torchdet.edit.node_edit import Delete, NodeEdit, ReplaceStatement, StatementsBefore
from torchdet.facts.lazy import cst
from torchdet.findings.codemod import Finding, MigrationContext, Rewrite
from torchdet.findings.handle.alias_rows import AliasRow, alias_rows
from torchdet.findings.handle.binding_rows import Source, takes_attributes, torch_aliases
from torchdet.findings.handle.handle_site import WantedNames
from torchdet.findings.handle.import_layout import Place
from torchdet.findings.handle.import_refusals import attribute_error_uncaught
from torchdet.findings.handle.raw_import.module_imports import (
    ModuleImports,
    catch_attribute_error,
    shown,
)
from torchdet.findings.handle.torch_imports import TorchImport, bound_name


class PackageImports(ModuleImports):
    """The imports of torch of one module of a package; ``moved`` are those that are rewritten."""

    def __init__(
        self,
        context: MigrationContext,
        imports: tuple[TorchImport, ...],
        moved: frozenset[TorchImport],
    ) -> None:
        super().__init__(context, imports)
        self._movable = [each for each in imports if each in moved and each in self.layout.places]
        self._aliases: dict[TorchImport, tuple[AliasRow, ...]] = {}
        self._gone = {self._row(each): each for each in self._movable if self._goes_whole(each)}
        self._leaving = leaving_sections(self.facts, self._gone)
        module, first = context.access.module, self.layout.first.index
        self._seat = place_for_import(self.facts, module, before=first, gone=self._gone).seat

    def _bound(self, finding: Finding[object], item: TorchImport) -> Rewrite:
        rows = self._alias_rows(item)
        needs_handle = any(row.needs_handle for row in rows)
        if item not in self._movable:
            edits = tuple(self._replaced(item, rows))
            return Rewrite(finding, edits, self._message(rows), needs_handle=False)
        edits = (*self._taken_away(item, rows), *self._written(item, rows))
        return Rewrite(
            finding,
            edits,
            self._message(rows),
            needs_handle=needs_handle,
            needs_torch=self._binds_torch(item) or any(row.needs_torch for row in rows),
            gone=tuple(row for row, each in self._gone.items() if each is item),
        )

    def _message(self, rows: Sequence[AliasRow]) -> str:
        imported = f"from {self.context.access.module} import torch"
        return shown([row.code for row in rows] or [imported])

    # What each import becomes.

    def _alias_rows(self, item: TorchImport) -> tuple[AliasRow, ...]:
        if item not in self._aliases:
            tries = self._tries(item)
            torch = self._torch_at(item)
            source = Source(self.context.handle, torch, tries)
            self._aliases[item] = alias_rows(item.statement, source, self.facts)
        return self._aliases[item]

    def _torch_at(self, item: TorchImport) -> str:
        """The name under which torch is bound where the rows of ``item`` stand."""
        if item in self._movable:
            return self.context.torch
        if self._torch_is_bound(item):
            return "torch"
        return _own_name(item.statement) or "torch"

    def _binds_torch(self, item: TorchImport) -> bool:
        return isinstance(item.statement, cst.Import)

    # At the outermost level.

    def _row(self, item: TorchImport) -> cst.SimpleStatementLine:
        row = self.facts.parent(item.statement)
        assert isinstance(row, cst.SimpleStatementLine)
        return row

    def _goes_whole(self, item: TorchImport) -> bool:
        """Whether the import leaves nothing in its row."""
        statement = item.statement
        if isinstance(statement, cst.Import):
            return len(torch_aliases(statement)) == len(statement.names)
        return True

    def _taken_away(self, item: TorchImport, rows: Sequence[AliasRow]) -> Iterator[NodeEdit]:
        row = self._row(item)
        if row is self._seat:
            return  # what binds the names is put in its place
        if row not in self._gone:
            yield self._removal(item)
        else:
            moved = any(each.comment for each in rows)
            yield Delete(item.statement, tidy=row in self._leaving, with_comments=moved)

    def _written(self, item: TorchImport, rows: Sequence[AliasRow]) -> Iterator[NodeEdit]:
        if not rows:
            return
        place = self.layout.places[item]
        beside = [each for each in self._groups[place] if each in self._movable]
        written = [each for each in beside if self._alias_rows(each)]
        anchor = self._anchor(place)
        above = ("",) if written[0] is item and _is_import_like(anchor) else ()
        below = place.blank_rows(self.facts) if written[-1] is item else ()
        texts = (*above, *(row.text for row in rows), *below)
        yield self._below(anchor, texts)

    def _anchor(self, place: Place) -> cst.CSTNode | None:
        """The last row above ``place`` that stays; None where none does."""
        above = reversed(self.facts.module.body[: place.index])
        return next((row for row in above if row is self._seat or row not in self._gone), None)

    def _below(self, anchor: cst.CSTNode | None, rows: tuple[str, ...]) -> NodeEdit:
        if anchor is None:
            return StatementsBefore(self.facts.module.body[0], rows)
        return Place(self.facts.module.body.index(anchor) + 1).insert(rows, self.facts)

    # In functions, and under conditions.

    def _replaced(self, item: TorchImport, rows: Sequence[AliasRow]) -> Iterator[NodeEdit]:
        rest = self._other_imports(item)
        texts = (*rest, *self._local_import(item, rows), *(row.text for row in rows))
        if texts:
            yield ReplaceStatement(item.statement, texts)
        else:
            yield Delete(item.statement)
        if takes_attributes(item.statement):
            for handler in attribute_error_uncaught(item.statement, self.facts):
                yield catch_attribute_error(handler)

    def _local_import(self, item: TorchImport, rows: Sequence[AliasRow]) -> tuple[str, ...]:
        wanted = WantedNames()
        if not self._torch_is_bound(item) and (
            self._binds_torch(item) or any(row.needs_torch for row in rows)
        ):
            wanted = replace(wanted, torch=self._torch_at(item))
        if any(row.needs_handle for row in rows):
            wanted = replace(wanted, handle=self.context.handle)
        if wanted == WantedNames():
            return ()
        return import_rows(self.context.access.module, wanted.exports())


def _own_name(statement: cst.Import | cst.ImportFrom) -> str:
    """The name under which a plain import binds torch itself."""
    if isinstance(statement, cst.Import):
        for alias in torch_aliases(statement):
            if alias.asname is None or alias.evaluated_name == "torch":
                return bound_name(alias, statement)
    return ""


def _is_import_like(row: cst.CSTNode | None) -> bool:
    """Whether a blank row belongs between ``row`` and the first binding below it."""
    if isinstance(row, cst.SimpleStatementLine):
        return not all(isinstance(each, cst.Assign) for each in row.body)
    return row is not None
