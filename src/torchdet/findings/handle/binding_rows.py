"""The assignments that bind what an import of torch bound, taken from the handle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from torchdet.edit.imports import ImportStatement
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.findings.handle.torch_imports import bound_name
from torchdet.reading.imports import is_torch
from torchdet.torch_api.torch_modules import LOADED_WITH_TORCH, loaded_by_import_alone

LINE_LENGTH = 88
"""The longest row that formatters leave as it is, unless they are told otherwise."""


@dataclass(frozen=True, slots=True)
class Source:
    """How a place gets torch: ``handle`` is the handle's name there, ``torch`` what is torch.

    ``tries`` is whether it is ready for an import that fails: each module is then imported, as
    one that is missing from ``sys.modules`` is an attribute of torch all the same.

    >>> Source("rt", "torch").module("torch.nn"), Source("rt").module("torch.nn")
    ('torch.nn', 'rt.torch.nn')
    >>> Source("rt", tries=True).module("torch.nn")
    'rt.module("torch.nn")'
    """

    handle: str
    torch: str = ""
    tries: bool = False

    def module(self, name: str) -> str:
        """The expression for the module ``name``, which is torch or below it."""
        if name not in LOADED_WITH_TORCH or (self.tries and name != "torch"):
            return f'{self.handle}.module("{name}")'
        return (self.torch or f"{self.handle}.torch") + name.removeprefix("torch")


def binding_rows(
    statement: ImportStatement, source: Source, facts: FileFacts, *, torch_is_bound: bool
) -> tuple[str, ...]:
    """The rows that bind what ``statement`` imports of torch.

    With ``torch_is_bound`` the name ``torch`` is bound already and is not bound again.
    """
    assert not isinstance(statement.names, cst.ImportStar)
    if isinstance(statement, cst.ImportFrom):
        module = _dotted(statement)
        first = module_row(statement, source, facts)
        rows = (_taken(module, alias, statement, source, first) for alias in statement.names)
        return (*((first.text,) if first else ()), *rows)
    found: list[str] = []
    bound = torch_is_bound
    for alias in torch_aliases(statement):
        for row in _imported(alias, statement, source, facts, bind=not bound):
            found.append(row)
            bound = bound or row.startswith("torch = ")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """The binding of a module off which the names of one statement are read."""

    name: str
    value: str

    @property
    def text(self) -> str:
        """The row as it is written."""
        return f"{self.name} = {self.value}"

    def shortened(self, value: str) -> str:
        """``value``, read off the name."""
        return f"{self.name}.{value.removeprefix(f'{self.value}.')}"

    def holds(self, value: str) -> bool:
        """Whether ``value`` is read off the module."""
        return value.startswith(f"{self.value}.")


def module_row(statement: ImportStatement, source: Source, facts: FileFacts) -> ModuleRow | None:
    """The row that imports the module of ``statement`` for its names.

    None where the module is at hand with torch, or one name alone is taken from it in a row that
    formatters leave as it is.
    """
    if not isinstance(statement, cst.ImportFrom):
        return None
    module = _dotted(statement)
    row = ModuleRow(_private_name(module.rpartition(".")[2], facts), source.module(module))
    if not row.value.startswith(f"{source.handle}.module("):
        return None
    bound = [bound_value(alias, statement, source, facts) for alias in _names(statement)]
    taken = [f"{name} = {value}" for name, value in bound if row.holds(value)]
    return row if len(taken) > 1 or any(len(each) > LINE_LENGTH for each in taken) else None


def bound_value(
    alias: cst.ImportAlias, statement: ImportStatement, source: Source, facts: FileFacts
) -> tuple[str, str]:
    """The name that ``alias`` is to bind beside torch itself, and the expression for its value.

    The value is empty where torch is all that it binds. A module that is imported only to have it
    loaded gets a name that the file does not export.
    """
    if isinstance(statement, cst.ImportFrom):
        value = _value(_dotted(statement), alias.evaluated_name, source)
        return bound_name(alias, statement), value
    module = alias.evaluated_name
    if alias.asname is not None:
        return bound_name(alias, statement), source.module(module)
    if module in LOADED_WITH_TORCH:
        return "torch", ""
    return _private_name(module.rpartition(".")[2], facts), source.module(module)


def _private_name(last: str, facts: FileFacts) -> str:
    """The first of ``_last``, ``__last`` ... that the file does not have."""
    index = facts.index
    taken = {name for scope in index.scopes.values() for name in scope.bindings} | {*index.uses}
    return next(name for n in count(1) if (name := "_" * n + last.lstrip("_")) not in taken)


def takes_attributes(statement: ImportStatement) -> bool:
    """Whether a name that ``statement`` imports is read off a module, which may not have it."""
    return isinstance(statement, cst.ImportFrom) and any(
        f"{_dotted(statement)}.{alias.evaluated_name}"
        not in LOADED_WITH_TORCH | loaded_by_import_alone()
        for alias in _names(statement)
    )


def torch_aliases(statement: cst.Import) -> tuple[cst.ImportAlias, ...]:
    """Those of the names that a plain import imports which are of torch."""
    return tuple(alias for alias in statement.names if is_torch(alias.evaluated_name))


def _names(statement: cst.ImportFrom) -> tuple[cst.ImportAlias, ...]:
    return () if isinstance(statement.names, cst.ImportStar) else tuple(statement.names)


def _imported(
    alias: cst.ImportAlias,
    statement: cst.Import,
    source: Source,
    facts: FileFacts,
    *,
    bind: bool,
) -> Iterator[str]:
    name, value = bound_value(alias, statement, source, facts)
    if bind and alias.asname is None:
        yield f"torch = {source.handle}.torch"
    if value:
        yield f"{name} = {value}"


def _taken(
    module: str,
    alias: cst.ImportAlias,
    statement: cst.ImportFrom,
    source: Source,
    row: ModuleRow | None,
) -> str:
    value = _value(module, alias.evaluated_name, source)
    if row is not None and row.holds(value):
        value = row.shortened(value)
    return f"{bound_name(alias, statement)} = {value}"


def _value(module: str, name: str, source: Source) -> str:
    whole = f"{module}.{name}"
    is_module = whole in LOADED_WITH_TORCH or whole in loaded_by_import_alone()
    if is_module and not (source.tries and whole in LOADED_WITH_TORCH):
        return source.module(whole)
    return f"{source.module(module)}.{name}"


def _dotted(statement: cst.ImportFrom) -> str:
    from torchdet.facts.index import dotted_parts

    return ".".join((dotted_parts(statement.module) or ()) if statement.module is not None else ())
