"""Import statements: where one belongs, whether it is there already, how a name leaves it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from torchdet.edit.node_edit import (
    Delete,
    InsertBefore,
    NodeEdit,
    Replace,
    ReplaceStatement,
    StatementsAfter,
    StatementsBefore,
)
from torchdet.facts.expressions import string_value
from torchdet.facts.index import dotted_parts
from torchdet.facts.lazy import cst
from torchdet.facts.scope import BindingKind
from torchdet.reading.imports import is_from_import, is_plain_import

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_LINE_LENGTH = 88
"""What isort in Black's profile and ruff allow a row of imports, unless they are told otherwise."""

ImportStatement: TypeAlias = "cst.Import | cst.ImportFrom"


def is_import(node: cst.CSTNode) -> TypeGuard[cst.Import | cst.ImportFrom]:
    """Whether ``node`` is an import statement, PEP 810's lazy ones included."""
    return type(node).__name__ in {"Import", "ImportFrom", "LazyImport", "LazyImportFrom"}


def imported_as(facts: FileFacts, module: str, name: str) -> str | None:
    """The name by which the file has ``name`` of ``module`` for good at its outermost level.

    None where it is bound in a block, under ``if TYPE_CHECKING:``, or more than once.
    """
    for bound, bindings in facts.index.module_scope.bindings.items():
        binding = bindings[0]
        if (
            len(bindings) == 1
            and binding.kind is BindingKind.IMPORT
            and binding.qualified == f"{module}.{name}"
            and isinstance(facts.parent(facts.statement(binding.node)), cst.Module)
        ):
            return bound
    return None


def import_name(  # noqa: PLR0913  # the parts of a statement, and what tells where it belongs
    facts: FileFacts, module: str, name: str, *, before: int, beside: str = "", own: str = ""
) -> tuple[NodeEdit, ...]:
    """The edits that put ``from module import name`` at the outermost level of the file.

    It comes where isort and ruff want it with their default settings: into the section of imports
    that it belongs to, at its place there; a ``from`` import of ``module`` that is there takes the
    name up. Of several sections the one that imports the package ``beside`` is chosen. Imports at
    or after the index ``before`` in the module's body are not looked at, so that what stands there
    can use the name. ``own`` is the package that the file is of.
    """
    return import_names(facts, module, (name,), before=before, beside=beside, own=own)


def import_names(  # noqa: PLR0913  # as for one name
    facts: FileFacts,
    module: str,
    names: Sequence[str],
    *,
    before: int,
    beside: str = "",
    own: str = "",
) -> tuple[NodeEdit, ...]:
    """The edits that import several ``names`` of ``module`` as ``import_name`` does one."""
    body = facts.module.body
    taking_up = _statement_from(body[:before], module)
    if taking_up is not None:
        return (_with_names(taking_up, names, facts),)
    rows = import_rows(module, names)
    sections = list(_sections(body[:before], own))
    section = _best_section(sections, module, beside)
    if section is not None:
        return (_into_section(section, module, rows, beside),)
    return (_as_section(sections, body, module, rows, own),)


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """Where ``from module import ...`` goes in a file that loses other imports.

    ``seat`` is one of those that go, in whose place it is put; None where it stands by itself.
    """

    module: str
    seat: cst.SimpleStatementLine | None
    _taking_up: cst.ImportFrom | None
    _sections: tuple[_Section, ...]
    _facts: FileFacts

    def edits(self, names: Sequence[str]) -> tuple[NodeEdit, ...]:
        """The edits that import ``names``, each as a statement spells it: ``torch as _torch``."""
        if self._taking_up is not None:
            return (_with_names(self._taking_up, names, self._facts),)
        rows = import_rows(self.module, names)
        if self.seat is not None:
            return (ReplaceStatement(self.seat.body[0], rows),)
        rank = _rank(self.module, self.module)
        own = next((each for each in self._sections if each.rank == rank), None)
        if own is not None:
            return (_into_section(own, self.module, rows, ""),)
        body = self._facts.module.body
        return (_as_section(self._sections, body, self.module, rows, self.module),)


def import_rows(module: str, names: Sequence[str]) -> tuple[str, ...]:
    """The imports of ``names`` as sorters write them: those with another name stand apart."""
    plain = sorted((name for name in names if " as " not in name), key=_name_order)
    apart = sorted(name for name in names if " as " in name)
    joined = [", ".join(plain)] if plain else []
    return tuple(f"from {module} import {each}" for each in (*joined, *apart))


def place_for_import(
    facts: FileFacts, module: str, *, before: int, gone: Collection[cst.CSTNode]
) -> ImportPlace:
    """Where names of the project's own ``module`` are imported at the outermost level.

    ``gone`` are the rows of imports that are taken away meanwhile, ``before`` is as for
    ``import_name``.
    """
    body = facts.module.body[:before]
    own = module.partition(".")[0]
    every = list(_sections(body, own))
    kept = [_Section(tuple(r for r in each.rows if r not in gone), own) for each in every]
    seat = None
    if not any(each.rank == _rank(module, own) for each in kept if each.rows):
        leaving = (each for each, rest in zip(every, kept, strict=True) if not rest.rows)
        seat = next((each.rows[0] for each in leaving), None)
    sections = tuple(each for each in kept if each.rows)
    return ImportPlace(module, seat, _statement_from(body, module), sections, facts)


def leaving_sections(
    facts: FileFacts, gone: Collection[cst.CSTNode]
) -> frozenset[cst.SimpleStatementLine]:
    """The rows of those sections of imports of which every row is among ``gone``."""
    sections = _sections(facts.module.body)
    leaving = (each for each in sections if all(row in gone for row in each.rows))
    return frozenset(row for each in leaving for row in each.rows)


def without_names(
    statement: ImportStatement, aliases: Collection[cst.ImportAlias], facts: FileFacts
) -> NodeEdit:
    """The edit that takes ``aliases`` out of ``statement``; all of them, and its row goes.

    Where a comment stands between the names that stay, the edit is not lossless.
    """
    assert not isinstance(statement.names, cst.ImportStar)
    kept = [alias for alias in statement.names if alias not in aliases]
    if not kept:
        return Delete(statement)
    names = [_alias_code(alias, facts) for alias in kept]
    if is_plain_import(statement):
        return Replace(statement, f"import {', '.join(names)}")
    assert is_from_import(statement)
    return Replace(statement, _from_import(_module_of(statement), names))


def is_import_row(row: cst.CSTNode) -> TypeGuard[cst.SimpleStatementLine]:
    """Whether ``row`` is a row of nothing but imports."""
    return isinstance(row, cst.SimpleStatementLine) and all(map(is_import, row.body))


# Sections: imports that stand together without a blank row between them.


@dataclass(frozen=True, slots=True)
class _Section:
    rows: tuple[cst.SimpleStatementLine, ...]
    own: str = ""

    @property
    def modules(self) -> tuple[str, ...]:
        return tuple(module for row in self.rows for _, module in map(_sort_entry, row.body))

    @property
    def rank(self) -> int:
        """Where isort puts a section of this kind."""
        return max((_rank(module, self.own) for module in self.modules), default=0)


_FUTURE, _STANDARD, _THIRD_PARTY, _FIRST_PARTY, _LOCAL = range(5)


def _rank(module: str, own: str = "") -> int:
    """The kind of ``module`` by which isort sorts; ``own`` is the package that the file is of."""
    if module.startswith("."):
        return _LOCAL
    if module == "__future__":
        return _FUTURE
    top = module.partition(".")[0]
    if own and top == own.partition(".")[0]:
        return _FIRST_PARTY
    return _STANDARD if top in sys.stdlib_module_names else _THIRD_PARTY


def _sections(body: Sequence[cst.CSTNode], own: str = "") -> Iterator[_Section]:
    rows: list[cst.SimpleStatementLine] = []
    for statement in body:
        if not is_import_row(statement):
            if rows:
                yield _Section(tuple(rows), own)
            rows = []
            continue
        if rows and any(line.comment is None for line in statement.leading_lines):
            yield _Section(tuple(rows), own)
            rows = []
        rows.append(statement)
    if rows:
        yield _Section(tuple(rows), own)


def _best_section(sections: Sequence[_Section], module: str, beside: str) -> _Section | None:
    """The section that imports the package ``beside``, or else modules such as ``module``."""
    for section in sections:
        if beside in {name.partition(".")[0] for name in section.modules if beside}:
            return section
    rank = _rank(module)
    return next((section for section in sections if section.rank == rank), None)


def _as_section(
    sections: Sequence[_Section],
    body: Sequence[cst.CSTNode],
    module: str,
    rows: tuple[str, ...],
    own: str,
) -> NodeEdit:
    """``rows`` as a section of their own."""
    below = _section_above(sections, module)
    if below is not None:
        return StatementsAfter(below.rows[-1], ("", *rows))
    first = _first_place(body)
    if first is None:
        return StatementsAfter(body[-1], ("", *rows))
    same = is_import_row(body[first]) and not _has_other_rank(body[first], module, own)
    if first and not _has_blank_row_above(body[first]):
        apart = is_import_row(body[first]) and not same
        return StatementsAfter(body[first - 1], ("", *rows, *(("",) if apart else ())))
    return StatementsBefore(body[first], (*rows, *(() if same else ("",))))


def _section_above(sections: Sequence[_Section], module: str) -> _Section | None:
    own = sections[0].own if sections else ""
    above = [section for section in sections if section.rank < _rank(module, own)]
    return above[-1] if above else None


def _has_other_rank(row: cst.CSTNode, module: str, own: str) -> bool:
    assert is_import_row(row)
    return _Section((row,), own).rank != _rank(module, own)


def _has_blank_row_above(statement: cst.CSTNode) -> bool:
    assert isinstance(statement, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    return any(line.comment is None for line in statement.leading_lines)


def _first_place(body: Sequence[cst.CSTNode]) -> int | None:
    """The index of the first statement that begins with neither docstring nor ``__future__``."""
    for index, statement in enumerate(body):
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        if not must_lead(small[0]):
            return index
    return None


def must_lead(statement: cst.CSTNode) -> bool:
    """Whether nothing that does something may stand above ``statement``, a simple one.

    Nothing may above ``from __future__``, and a docstring below other statements is none.
    """
    if is_from_import(statement):
        return isinstance(statement.module, cst.Name) and statement.module.value == "__future__"
    return _is_string(statement)


def is_docstring(statement: cst.CSTNode) -> bool:
    """Whether ``statement`` is a string for itself."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    return _is_string(statement.body[0])


def _is_string(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.Expr) and (
        isinstance(statement.value, (cst.SimpleString, cst.ConcatenatedString))
        and string_value(statement.value) is not None
    )


_SortKey: TypeAlias = "tuple[bool | str, ...]"


def _sort_entry(statement: cst.CSTNode) -> tuple[bool, str]:
    """Whether it is a ``from`` import, and its module; isort sorts by both, in this order."""
    if is_from_import(statement):
        return True, _module_of(statement)
    assert is_plain_import(statement)
    return False, ".".join(dotted_parts(statement.names[0].name) or ())


def _by_form(entry: tuple[bool, str]) -> _SortKey:
    return entry[0], *_natural(entry[1])


def _by_name(entry: tuple[bool, str]) -> _SortKey:
    return *_natural(entry[1]), entry[0]


def _natural(module: str) -> tuple[str, str]:
    padded = re.sub(r"\d+", lambda digits: digits.group().zfill(8), module)
    return padded.lower(), module


def _into_section(section: _Section, module: str, rows: tuple[str, ...], beside: str) -> NodeEdit:
    """``rows`` at their sorted place; in a section that is not sorted, where ``beside`` stands."""
    entries = [_sort_entry(each.body[0]) for each in section.rows]
    orders: tuple[Callable[[tuple[bool, str]], _SortKey], ...] = (_by_form, _by_name)
    for order in orders:
        keys = [order(entry) for entry in entries]
        if keys == sorted(keys):
            below = [i for i, key in enumerate(keys) if key < order((True, module))]
            break
    else:
        named = [i for i, (_, name) in enumerate(entries) if f"{name}.".startswith(f"{beside}.")]
        below = [*range(named[0] + 1)] if named else [*range(len(entries))]
    if below:
        return StatementsAfter(section.rows[below[-1]], rows)
    return StatementsBefore(section.rows[0], rows)


# One statement.


def _statement_from(body: Sequence[cst.CSTNode], module: str) -> cst.ImportFrom | None:
    """The statement of ``body`` that imports names from ``module``, if a name can be added."""
    for row in body:
        if isinstance(row, cst.SimpleStatementLine):
            for statement in row.body:
                if (
                    is_from_import(statement)
                    and not isinstance(statement.names, cst.ImportStar)
                    and _module_of(statement) == module
                ):
                    return statement
    return None


def _with_names(statement: cst.ImportFrom, names: Sequence[str], facts: FileFacts) -> NodeEdit:
    assert not isinstance(statement.names, cst.ImportStar)
    aliases = list(statement.names)
    code = facts.code(statement)
    if "\n" not in code and "\r" not in code and "#" not in code:
        every = [_alias_code(alias, facts) for alias in aliases]
        for name in names:
            index = (i for i, each in enumerate(every) if _name_order(each) > _name_order(name))
            every.insert(next(index, len(every)), name)
        return Replace(statement, _from_import(_module_of(statement), every))
    first = _name_order(names[0])
    after = (i for i, each in enumerate(aliases) if _name_order(str(each.name.value)) > first)
    beside = aliases[next(after, len(aliases) - 1)]
    gap = _gap(statement, aliases, facts)
    return InsertBefore(beside, "".join(f"{name},{gap}" for name in names))


def _gap(statement: cst.ImportFrom, aliases: Sequence[cst.ImportAlias], facts: FileFacts) -> str:
    """What stands between two names: a new row where each has one for itself."""
    space: cst.CSTNode | None = None
    if len(aliases) > 1 and isinstance(aliases[0].comma, cst.Comma):
        space = aliases[0].comma.whitespace_after
    elif statement.lpar is not None:
        space = statement.lpar.whitespace_after
    gap = facts.code(space) if space is not None else ""
    return gap if gap and "#" not in gap else " "


def _name_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort orders names by their type."""
    if len(name) > 1 and name.isupper():
        return 0, name
    return (1, name) if name[:1].isupper() else (2, name)


def _from_import(module: str, names: Sequence[str]) -> str:
    row = f"from {module} import {', '.join(names)}"
    if len(row) <= _LINE_LENGTH:
        return row
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _module_of(statement: cst.ImportFrom) -> str:
    parts = dotted_parts(statement.module) if statement.module is not None else None
    return "." * len(statement.relative) + ".".join(parts or ())


def _alias_code(alias: cst.ImportAlias, facts: FileFacts) -> str:
    name = facts.code(alias.name)
    return name if alias.asname is None else f"{name} as {facts.code(alias.asname.name)}"
