"""Which statements of a file import torch at run time, and when they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from torchdet.edit.imports import ImportStatement, is_import
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited, remembered
from torchdet.facts.scope import BindingKind
from torchdet.reading.imports import is_from_import, is_lazy_import, is_torch, order_key


class Runs(Enum):
    """When an import statement runs.

    ``FIRST``: always, when the module is imported. ``PERHAPS``: then, under a condition or in a
    ``try`` or ``with``. ``LATER``: when its function is called.
    """

    FIRST = "first"
    PERHAPS = "perhaps"
    LATER = "later"


@dataclass(frozen=True, slots=True, eq=False)
class TorchImport:
    """One statement that imports torch or something of it.

    ``block`` is the node whose statements it is one of: the module, or the body of a clause.
    ``index`` is that of the statement of the module's body that it is, or stands in.
    """

    statement: ImportStatement
    runs: Runs
    block: cst.CSTNode
    index: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it binds; none for a star import."""
        if isinstance(self.statement.names, cst.ImportStar):
            return ()
        return tuple(bound_name(alias, self.statement) for alias in self.statement.names)


def bound_name(alias: cst.ImportAlias, statement: ImportStatement) -> str:
    """The name that ``alias`` of ``statement`` binds."""
    name = alias.evaluated_alias or alias.evaluated_name
    return name if is_from_import(statement) else name.partition(".")[0]


def torch_imports(facts: FileFacts) -> tuple[TorchImport, ...]:
    """The statements of the file that import torch where they stand, in the order of the text.

    Lazy ones are none of them.
    """
    found = [
        _torch_import(statement, facts)
        for statement in _statements(facts)
        if not is_lazy_import(statement)
    ]
    return tuple(sorted(found, key=lambda each: order_key(each.statement, facts)))


def imports_torch_lazily(facts: FileFacts) -> bool:
    """Whether the file imports torch when it first uses a name (PEP 810)."""
    return any(map(is_lazy_import, _statements(facts)))


def _statements(facts: FileFacts) -> Iterator[ImportStatement]:
    statements: dict[cst.CSTNode, None] = {}
    for binding in facts.index.bindings():
        if binding.kind is BindingKind.IMPORT and is_torch(binding.qualified or ""):
            statements.setdefault(facts.parent(binding.node))
    for statement in statements:
        if is_import(statement) and not facts.under_type_checking(statement):
            yield statement


def _torch_import(statement: ImportStatement, facts: FileFacts) -> TorchImport:
    row = facts.parent(statement)
    block = facts.parent(row) if isinstance(row, cst.SimpleStatementLine) else row
    return TorchImport(statement, _runs(statement, facts), block, outer_index(statement, facts))


def _runs(statement: cst.CSTNode, facts: FileFacts) -> Runs:
    runs = Runs.FIRST
    for above in facts.ancestors(statement):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return Runs.LATER
        if isinstance(above, cst.BaseCompoundStatement) and not isinstance(above, cst.ClassDef):
            runs = Runs.PERHAPS
    return runs


def outer_index(node: cst.CSTNode, facts: FileFacts) -> int:
    """The index, in the module's body, of the statement that ``node`` is or stands in."""
    outermost = _outermost(node, facts)
    if outermost is None:
        raise ValueError("the node does not belong to this file")
    return _indices(facts.module, facts)[outermost]


def _outermost_step(
    above: cst.CSTNode, below: cst.CSTNode, outer: cst.CSTNode | None, _facts: FileFacts
) -> cst.CSTNode | None:
    return below if isinstance(above, cst.Module) else outer


_outermost = inherited(None, _outermost_step)


@remembered
def _indices(module: cst.Module, _facts: FileFacts) -> dict[cst.CSTNode, int]:
    return {statement: index for index, statement in enumerate(module.body)}
