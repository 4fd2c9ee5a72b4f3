"""A file that binds torch and its names itself: the imports become rows that take the handle's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from torchdet.edit.imports import import_name, without_names
from torchdet.edit.node_edit import Delete, InsertAfter, NodeEdit, Replace, ReplaceStatement
from torchdet.edit.statements import is_pragma
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import Binding
from torchdet.findings.codemod import Finding, MigrationContext, Rewrite
from torchdet.findings.handle.binding_rows import (
    Source,
    binding_rows,
    takes_attributes,
    torch_aliases,
)
from torchdet.findings.handle.import_layout import ImportLayout, Place, import_layout
from torchdet.findings.handle.import_refusals import (
    attribute_error_uncaught,
    import_error_handlers,
)
from torchdet.findings.handle.torch_imports import Runs, TorchImport, outer_index
from torchdet.findings.project_conditions import NotReadElsewhere

_MOST_SHOWN = 3
_TYPE_CHECKING = {f"{module}.TYPE_CHECKING" for module in ("typing", "typing_extensions")}
_READ_BY_NAME = re.compile(r"\b(?:globals|eval|exec|vars|__getattr__|importlib)\b|>>>")


class ModuleImports:
    """The imports of torch of one file, each to become rows that bind what the handle holds."""

    def __init__(self, context: MigrationContext, imports: tuple[TorchImport, ...]) -> None:
        self.context = context
        self.facts: FileFacts = context.facts
        self.imports = imports
        self.layout: ImportLayout = import_layout(self.facts, self.imports)
        self._of_torch = [each for each in self.imports if "torch" in each.names]
        self._known_rows: dict[TorchImport, tuple[str, ...]] = {}
        self._groups: dict[Place, list[TorchImport]] = {}
        for each in self.imports:
            if each in self.layout.places:
                self._groups.setdefault(self.layout.places[each], []).append(each)

    def rewrite(self, finding: Finding[object], item: TorchImport) -> Rewrite:
        """What becomes of ``item``, which ``finding`` is about."""
        if self._is_unused(item):
            return self._removed(finding, item)
        return self._bound(finding, item)

    def _removed(self, finding: Finding[object], item: TorchImport) -> Rewrite:
        """The import goes, unless another file reads its name."""
        code = self.facts.code(item.statement)
        return Rewrite(
            finding,
            (Delete(item.statement),),
            f"remove `{code}`",
            needs_handle=False,
            conditions=(NotReadElsewhere(self.context.rules.module_name, item.names[0]),),
            otherwise=self._bound(finding, item),
        )

    def _bound(self, finding: Finding[object], item: TorchImport) -> Rewrite:
        """What it imports is bound to what the handle holds."""
        rows = self._rows(item)
        shared = tuple(self._shared(item))
        return Rewrite(finding, tuple(self._edits(item, rows)), shown(rows), shared=shared)

    # What is bound, and how.

    def _rows(self, item: TorchImport) -> tuple[str, ...]:
        if item not in self._known_rows:
            self._known_rows[item] = self._binding_rows(item)
        return self._known_rows[item]

    def _binding_rows(self, item: TorchImport) -> tuple[str, ...]:
        bound = self._torch_is_bound(item)
        tries = self._tries(item)
        source = Source(self.context.handle, "torch" if bound else "", tries)
        rows = binding_rows(item.statement, source, self.facts, torch_is_bound=bound)
        if rows and rows[0].startswith("torch = ") and len(rows) > 1:
            source = Source(self.context.handle, "torch", tries)
            return binding_rows(item.statement, source, self.facts, torch_is_bound=False)
        return rows

    def _tries(self, item: TorchImport) -> bool:
        """Whether the file is ready to be without this very import, and not without torch."""
        if not import_error_handlers(item.statement, self.facts):
            return False
        beside = [each for each in self.imports if each.block is item.block]
        return not any("torch" in each.names for each in beside[: beside.index(item)])

    def _torch_is_bound(self, item: TorchImport) -> bool:
        """Whether the name ``torch`` is bound to torch where the rows of ``item`` will stand."""
        facts = self.facts
        scope = facts.scope(item.statement)
        only_torch = facts.resolver.root("torch", scope) == Exact("torch")
        owner = scope.owner("torch")
        around = set(facts.ancestors(item.statement))
        position = self.imports.index(item)
        for earlier in self._of_torch:
            if self.imports.index(earlier) >= position:
                return False
            if facts.scope(earlier.statement) is not owner:
                continue
            if earlier.block is not item.block and not only_torch:
                continue
            if earlier.block in around and self._precedes(earlier, item):
                return True
        return False

    def _precedes(self, earlier: TorchImport, item: TorchImport) -> bool:
        """Whether the name of ``earlier`` is bound, after the change, before ``item`` runs."""
        place = self.layout.places.get(earlier)
        moves_along = item in self.layout.places or item.runs is Runs.LATER
        return place is None or moves_along or item.index >= place.index

    # Where it is bound.

    def _edits(self, item: TorchImport, rows: tuple[str, ...]) -> Iterator[NodeEdit]:
        place = self.layout.places.get(item)
        if place is None:
            yield from self._in_place(item, rows)
        elif self.context.config.keep_types:
            yield from self._typed_group(place)
        else:
            yield self._removal(item)
            if rows:
                blank = self._blank_below(item, place)
                yield place.insert((*rows, *blank), self.facts)

    def _blank_below(self, item: TorchImport, place: Place) -> tuple[str, ...]:
        """A blank row below the last binding at a place, where none stands there."""
        last = next((each for each in reversed(self._groups[place]) if self._rows(each)), None)
        return place.blank_rows(self.facts) if last is item else ()

    def _removal(self, item: TorchImport) -> NodeEdit:
        statement = item.statement
        if isinstance(statement, cst.Import):
            removed = without_names(statement, torch_aliases(statement), self.facts)
            if isinstance(removed, Replace):
                return removed
        return Delete(statement, tidy=False)

    def _in_place(self, item: TorchImport, rows: tuple[str, ...]) -> Iterator[NodeEdit]:
        rest = self._other_imports(item)
        if self.context.config.keep_types and rows:
            rows = self._pair([item], rows)
        if rest or rows:
            yield ReplaceStatement(item.statement, (*rest, *rows))
        else:
            yield Delete(item.statement)
        if takes_attributes(item.statement):
            for handler in attribute_error_uncaught(item.statement, self.facts):
                yield catch_attribute_error(handler)

    def _other_imports(self, item: TorchImport) -> tuple[str, ...]:
        """What the statement imports beside torch, as a row of its own."""
        statement = item.statement
        if isinstance(statement, cst.Import):
            removed = without_names(statement, torch_aliases(statement), self.facts)
            return (removed.text,) if isinstance(removed, Replace) else ()
        return ()

    # For type checkers.

    def _typed_group(self, place: Place) -> Iterator[NodeEdit]:
        """All of the imports that are bound at one place, in one pair of blocks."""
        group = self._groups[place]
        rows = tuple(row for each in group for row in self._rows(each))
        yield from (self._removal(each) for each in group)
        if rows:
            blank = place.blank_rows(self.facts)
            yield place.insert((*self._pair(group, rows), *blank), self.facts)

    def _pair(self, group: Sequence[TorchImport], rows: tuple[str, ...]) -> tuple[str, ...]:
        checked = [row for each in group for row in self._import_rows(each)]
        return (
            f"if {self._type_checking_name()}:",
            *(f"    {row}" for row in checked),
            "else:",
            *(f"    {row}" for row in rows),
        )

    def _import_rows(self, item: TorchImport) -> list[str]:
        statement = item.statement
        if isinstance(statement, cst.Import):
            others = [each for each in statement.names if each not in torch_aliases(statement)]
            kept = without_names(statement, others, self.facts) if others else None
            code = kept.text if isinstance(kept, Replace) else self.facts.code(statement)
        else:
            code = self.facts.code(statement)
        row = self.facts.parent(statement)
        comment = (
            row.trailing_whitespace.comment if isinstance(row, cst.SimpleStatementLine) else None
        )
        if comment is not None and is_pragma(comment.value):
            code = f"{code}  {comment.value}"
        return code.splitlines()

    def _type_checking_name(self) -> str:
        return self._known_type_checking() or "TYPE_CHECKING"

    def _shared(self, item: TorchImport) -> Iterator[NodeEdit]:
        """What every pair of blocks needs: the import of ``TYPE_CHECKING``."""
        group = self._groups[self.layout.places[item]] if item in self.layout.places else [item]
        is_typed = self.context.config.keep_types and any(self._rows(each) for each in group)
        if is_typed and self._known_type_checking() is None:
            before = min(self._first_pair(), self.layout.first.index)
            yield from import_name(self.facts, "typing", "TYPE_CHECKING", before=before)

    def _known_type_checking(self) -> str | None:
        """The name by which the first pair of blocks can read ``TYPE_CHECKING``."""
        first = self._first_pair()
        for name, bindings in self.facts.index.module_scope.bindings.items():
            if all(each.qualified in _TYPE_CHECKING for each in bindings) and any(
                self._runs_before(each, first) for each in bindings
            ):
                return name
        return None

    def _runs_before(self, binding: Binding, index: int) -> bool:
        statement = self.facts.parent(self.facts.statement(binding.node))
        return isinstance(statement, cst.Module) and outer_index(binding.node, self.facts) < index

    def _first_pair(self) -> int:
        """The index of the module's statement that holds the first pair, or comes below it.

        That is its end where all pairs stand in functions.
        """
        places = (
            self.layout.places.get(each, Place(each.index))
            for each in self.imports
            if each.runs is not Runs.LATER
        )
        end = len(self.facts.module.body)
        return min((place.index for place in places), default=end)

    # Imports that nobody needs.

    def _is_unused(self, item: TorchImport) -> bool:
        """Whether it is an ``import torch`` that nothing reads, as far as the file can tell."""
        facts = self.facts
        statement = item.statement
        if self.imports != (item,) or item not in self.layout.places:
            return False
        if not isinstance(statement, cst.Import):
            return False
        row = facts.parent(statement)
        assert isinstance(row, cst.SimpleStatementLine)
        said = row.trailing_whitespace.comment or any(each.comment for each in row.leading_lines)
        text = facts.source.text
        return (
            len(statement.names) == 1
            and statement.names[0].evaluated_name == "torch"
            and not said
            and item.names[0] not in facts.index.uses
            and len(facts.index.module_scope.bindings[item.names[0]]) == 1
            and not self.context.rules.path.endswith("__init__.py")
            and re.search(rf"""["']{item.names[0]}["']|#\s*type:.*\b{item.names[0]}\b""", text)
            is None
            and _READ_BY_NAME.search(text) is None
        )


def shown(rows: Sequence[str]) -> str:
    """``rows`` as the message of a rewrite names them."""
    named = [f"`{row}`" for row in rows[:_MOST_SHOWN]]
    more = f" and {len(rows) - _MOST_SHOWN} more" if len(rows) > _MOST_SHOWN else ""
    return ", ".join(named) + more or "bind nothing twice"


def catch_attribute_error(handler: cst.ExceptHandler) -> NodeEdit:
    if isinstance(handler.type, cst.Tuple):
        return InsertAfter(handler.type.elements[-1].value, ", AttributeError")
    assert handler.type is not None
    caught = handler.type.value if isinstance(handler.type, cst.Name) else "ImportError"
    return Replace(handler.type, f"({caught}, AttributeError)")
