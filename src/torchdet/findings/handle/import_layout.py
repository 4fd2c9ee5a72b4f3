"""Where, at the outermost level of a file, the names that torch is imported under are bound.

They stand below the block of imports that they were in, so that no import comes after code (E402),
unless a statement of that block needs them earlier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torchdet.edit.imports import is_docstring, is_import, is_import_row
from torchdet.edit.node_edit import NodeEdit, StatementsAfter, StatementsBefore
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.handle_names import HANDLE
from torchdet.facts.index import dotted_parts
from torchdet.facts.lazy import cst
from torchdet.facts.resolve import Exact
from torchdet.findings.handle.torch_imports import Runs, TorchImport
from torchdet.reading.imports import is_from_import, is_plain_import, is_torch
from torchdet.torch_api.torch_modules import LOADED_WITH_TORCH

# Extension modules that are linked against torch, which must have been loaded before them.
_EXTENSION = re.compile(r"(?:^|\.)_?C$|_(?:cuda|cpp|ext|kernels)$")
_ORDERED = re.compile(
    r"#.*\b(?:isort|ruff|fmt)\s*:\s*(?:skip|off)|#.*\b(?:first|before|order|loads?)\b"
)
_SETTINGS_OF_THE_PROCESS = ("sys.path.", "os.environ", "matplotlib.use(", "site.addsitedir(")


@dataclass(frozen=True, slots=True)
class Place:
    """Between two statements of the module's body: above the one with the index ``index``."""

    index: int

    def insert(self, rows: tuple[str, ...], facts: FileFacts) -> NodeEdit:
        """The edit that puts ``rows`` here."""
        body = facts.module.body
        if self.index == 0:
            return StatementsBefore(body[0], rows)
        return StatementsAfter(body[self.index - 1], rows)

    def blank_rows(self, facts: FileFacts) -> tuple[str, ...]:
        """The blank rows that ``rows`` need at their end, because none stands below them."""
        body = facts.module.body
        if self.index >= len(body):
            return ()
        below = body[self.index]
        assert isinstance(below, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        if self.index and below.leading_lines and below.leading_lines[0].comment is None:
            return ()
        return ("", "") if isinstance(below, (cst.FunctionDef, cst.ClassDef)) else ("",)


@dataclass(frozen=True, slots=True)
class ImportLayout:
    """Where the bindings go that replace the imports at the outermost level.

    ``places`` holds one for each import of torch that stands there in a row of its own; what
    replaces the others stays where they are. ``first`` is where the handle must be bound.
    """

    first: Place
    places: dict[TorchImport, Place]


def import_layout(facts: FileFacts, imports: tuple[TorchImport, ...]) -> ImportLayout:
    """The layout of the file, whose ``imports`` of torch are those of ``torch_imports``."""
    outline = _Outline(facts, imports)
    places = {each: outline.place(each) for each in outline.movable}
    first = [each.index for each in imports if each.runs is Runs.FIRST and each not in places]
    first += [place.index for place in places.values()]
    return ImportLayout(Place(min(first) if first else outline.below_imports()), places)


class _Outline:
    """The statements of the module's body, by their index, as far as imports are concerned."""

    def __init__(self, facts: FileFacts, imports: tuple[TorchImport, ...]) -> None:
        self._facts = facts
        self._body = facts.module.body
        self._imports = imports
        self.movable = [each for each in imports if _stands_alone(each, facts)]
        self._own = {each.index for each in self.movable}
        names = {name for each in self.movable for name in each.names}
        self._touched = _statements_with(names, facts)

    def place(self, item: TorchImport) -> Place:
        """Below the block of imports that ``item`` stands in, or where its names are needed."""
        below = self._below(item.index)
        if _is_ordered(self._body[item.index]):
            return Place(item.index + 1)
        for later in range(item.index + 1, below):
            if later not in self._own:
                if self._needs(later):
                    return Place(later)
            elif _is_ordered(self._body[later]):
                return Place(later)
        return Place(below)

    def below_imports(self) -> int:
        """The index below the first block of imports, or below the docstring without one."""
        rows = (i for i, row in enumerate(self._body) if is_import_row(row))
        first = next(rows, None)
        if first is not None:
            return self._below(first)
        return 1 if self._body and is_docstring(self._body[0]) else 0

    def _below(self, index: int) -> int:
        """The index below the last import of the block that the row at ``index`` stands in.

        The block ends where, for linters, imports come too late (E402). What imports torch perhaps
        at its end is not counted: it has to find the handle bound.
        """
        end = next(
            (i for i in range(index + 1, len(self._body)) if not self._may_precede(i)),
            len(self._body),
        )
        rows = [i for i in range(index, end) if self._belongs(i)]
        plain = max((i for i in rows if is_import_row(self._body[i])), default=index)
        perhaps = (each.index for each in self._imports if each.runs is Runs.PERHAPS)
        return min([max(rows, default=index) + 1, *(i for i in perhaps if plain < i < end)])

    def _may_precede(self, index: int) -> bool:
        return _may_precede(self._body[index], self._facts)

    def _belongs(self, index: int) -> bool:
        row = self._body[index]
        return _is_import_like(row) or _binds_runtime(row, self._facts)

    def _needs(self, index: int) -> bool:
        """Whether the statement needs what is imported above it, or torch to be loaded."""
        row = self._body[index]
        above = [each for each in self.movable if each.index < index]
        names = {name for each in above for name in each.names}
        if any(index in self._touched.get(name, ()) for name in names):
            return True
        if any(each.index == index and each.runs is Runs.LATER for each in self._imports):
            return True  # a function in it, which it may call, comes to read torch
        if not isinstance(row, cst.SimpleStatementLine):
            return False
        objects = any(not _is_module(each, name) for each in above for name in each.names)
        return any(map(_loads_extension, row.body)) or (
            objects and any(map(_is_star, row.body))  # which may bind one of them otherwise
        )


def _statements_with(names: Iterable[str], facts: FileFacts) -> dict[str, set[int]]:
    """For each of ``names`` the indices of the module's statements that read or bind it."""
    numbers: dict[cst.CSTNode, int] = {row: i for i, row in enumerate(facts.module.body)}
    found: dict[str, set[int]] = {}
    for name in names:
        nodes: list[cst.CSTNode] = [use.node for use in facts.index.uses.get(name, ())]
        nodes += [b.node for b in facts.index.module_scope.bindings.get(name, ())]
        found[name] = {_number(node, numbers, facts) for node in nodes}
    return found


def _number(node: cst.CSTNode, numbers: dict[cst.CSTNode, int], facts: FileFacts) -> int:
    while node not in numbers:
        node = facts.parent(node)
    return numbers[node]


def _is_module(item: TorchImport, name: str) -> bool:
    """Whether ``name``, which ``item`` binds, is torch or a module of it that goes by a usual name.

    Whoever binds it once more means the same.
    """
    statement = item.statement
    if not is_from_import(statement):
        return True
    module = ".".join((dotted_parts(statement.module) or ()) if statement.module else ())
    return f"{module}.{name}" in LOADED_WITH_TORCH


def _stands_alone(item: TorchImport, facts: FileFacts) -> bool:
    """Whether the import is a row of the module's body by itself."""
    row = facts.parent(item.statement)
    return (
        item.runs is Runs.FIRST
        and isinstance(item.block, cst.Module)
        and isinstance(row, cst.SimpleStatementLine)
        and len(row.body) == 1
        and not isinstance(item.statement.names, cst.ImportStar)
    )


def _may_precede(statement: cst.CSTNode, facts: FileFacts) -> bool:
    if isinstance(statement, (cst.If, cst.Try, cst.With)):
        return True
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    return _binds_runtime(statement, facts) or all(
        is_import(each) or _is_setting(each, facts) for each in statement.body
    )


def _is_setting(statement: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether it is what linters let stand between imports: dunder names, paths, variables."""
    if isinstance(statement, cst.Assign):
        targets = [dotted_parts(target.target) for target in statement.targets]
        if any(parts and parts[0].startswith("__") for parts in targets):
            return True
    return facts.code(statement).startswith(_SETTINGS_OF_THE_PROCESS)


def _is_import_like(statement: cst.CSTNode) -> bool:
    """Whether it is a row of imports, or a ``try`` or ``if`` of imports and plain assignments."""
    if isinstance(statement, cst.SimpleStatementLine):
        return any(map(is_import, statement.body))
    return isinstance(statement, (cst.If, cst.Try)) and all(_plain_rows(statement))


def _plain_rows(statement: cst.CSTNode) -> Iterator[bool]:
    """Of each row in the blocks of ``statement`` whether it only imports, assigns or passes."""
    for child in statement.children:
        if isinstance(child, (cst.IndentedBlock, cst.SimpleStatementSuite)):
            for row in child.body:
                yield from _plain_row(row)
        elif isinstance(child, (cst.ExceptHandler, cst.Else, cst.If, cst.Finally)):
            yield from _plain_rows(child)


def _plain_row(row: cst.CSTNode) -> Iterator[bool]:
    plain = (cst.Import, cst.ImportFrom, cst.Assign, cst.AnnAssign, cst.Pass, cst.Raise)
    if isinstance(row, cst.SimpleStatementLine):
        yield from (isinstance(each, plain) or is_import(each) for each in row.body)
    else:
        yield isinstance(row, plain)


def _binds_runtime(statement: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether it binds the handle or a name of torch: ``rt = get_torch_handle()``."""
    if not isinstance(statement, cst.SimpleStatementLine) or not statement.body:
        return False
    return all(
        isinstance(each, cst.Assign)
        and isinstance(each.targets[0].target, cst.Name)
        and _is_of_runtime(each.value, facts)
        for each in statement.body
    )


def _is_of_runtime(value: cst.BaseExpression, facts: FileFacts) -> bool:
    root = value
    while isinstance(root, cst.Attribute):
        root = root.value
    if isinstance(root, cst.Call) and not facts.means(root, HANDLE):
        return facts.means(root.func, f"{HANDLE}.module")
    resolution = facts.resolve(value)
    return isinstance(resolution, Exact) and (
        resolution.name == HANDLE or is_torch(resolution.name)
    )


def _is_ordered(row: cst.CSTNode) -> bool:
    """Whether a comment says that the place of an import matters."""
    if not isinstance(row, cst.SimpleStatementLine):
        return False
    comments = [row.trailing_whitespace.comment, *(line.comment for line in row.leading_lines)]
    return any(each is not None and _ORDERED.search(each.value) for each in comments)


def _loads_extension(statement: cst.CSTNode) -> bool:
    """Whether it imports compiled code that looks built for torch."""
    if is_from_import(statement):
        if isinstance(statement.names, cst.ImportStar):
            return False
        module = ".".join((dotted_parts(statement.module) or ()) if statement.module else ())
        local = bool(statement.relative) or "." in module
        names = [module, *(alias.evaluated_name for alias in statement.names if local)]
        return any(map(_EXTENSION.search, names))
    if is_plain_import(statement):
        return any(_EXTENSION.search(alias.evaluated_name) for alias in statement.names)
    return False


def _is_star(statement: cst.CSTNode) -> bool:
    return is_from_import(statement) and isinstance(statement.names, cst.ImportStar)
