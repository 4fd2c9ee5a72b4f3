"""Where, at the outermost level of a file, the names that torch is imported under are bound.

They stand below the leading block of imports, so that no import comes after code (E402), unless a
statement of that block needs them earlier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torchdet.edit.imports import is_docstring, is_import, is_import_row
from torchdet.edit.node_edit import NodeEdit, StatementsAfter, StatementsBefore
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.handle_names import HANDLE
from torchdet.facts.index import dotted_parts
from torchdet.facts.lazy import cst
from torchdet.facts.resolve import Exact
from torchdet.migrate.torch_imports import Runs, TorchImport, outer_index
from torchdet.rules.handle.imports import is_torch

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
    """Where the bindings go that replace each of the imports in the leading block.

    ``places`` holds one for each import of torch that stands there by itself; the others stay
    where they are. ``first`` is where the handle must be bound.
    """

    first: Place
    places: dict[TorchImport, Place]


def import_layout(facts: FileFacts, imports: tuple[TorchImport, ...]) -> ImportLayout:
    """The layout of the file, whose ``imports`` of torch are those of ``torch_imports``."""
    body = facts.module.body
    end = _end_of_leading_block(facts)
    rows = [i for i in range(end) if _is_import_like(body[i]) or _binds_runtime(body[i], facts)]
    below = max(rows, default=_after_docstring(facts) - 1) + 1
    plain = max((i for i in range(end) if is_import_row(body[i])), default=-1) + 1
    for item in imports:  # what imports torch perhaps must find the handle bound
        if item.runs is Runs.PERHAPS and plain <= item.index < below:
            below = item.index
    movable = [each for each in imports if _stands_alone(each, facts) and each.index < below]
    places = {each: Place(_needed_from(each.index, below, movable, facts)) for each in movable}
    in_place = [each.index for each in imports if each.runs is Runs.FIRST and each not in places]
    first = min([below, *in_place, *(each.index for each in places.values())])
    return ImportLayout(Place(first if movable or in_place else below), places)


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


def _end_of_leading_block(facts: FileFacts) -> int:
    """The index of the first statement after which an import is one too late (E402)."""
    for index, statement in enumerate(facts.module.body):
        if not (index == 0 and is_docstring(statement)) and not _may_precede(statement, facts):
            return index
    return len(facts.module.body)


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
        yield from (isinstance(each, plain) for each in row.body)
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


def _after_docstring(facts: FileFacts) -> int:
    body = facts.module.body
    return 1 if body and is_docstring(body[0]) else 0


def _needed_from(index: int, below: int, movable: list[TorchImport], facts: FileFacts) -> int:
    """The index of the first statement after ``index`` that needs what was imported up to it."""
    body = facts.module.body
    own = {each.index for each in movable}
    if _is_ordered(body[index]):
        return index + 1
    for later in range(index + 1, below):
        if later in own:
            if _is_ordered(body[later]):
                return later
            continue
        before = {name for each in movable if each.index < later for name in each.names}
        if _needs(body[later], later, before, facts):
            return later
    return below


def _is_ordered(row: cst.CSTNode) -> bool:
    """Whether a comment says that the place of an import matters."""
    if not isinstance(row, cst.SimpleStatementLine):
        return False
    comments = [row.trailing_whitespace.comment, *(line.comment for line in row.leading_lines)]
    return any(each is not None and _ORDERED.search(each.value) for each in comments)


def _needs(statement: cst.CSTNode, index: int, names: set[str], facts: FileFacts) -> bool:
    """Whether the statement reads or binds one of ``names``, or needs torch to be loaded."""
    if isinstance(statement, cst.SimpleStatementLine) and any(
        map(_loads_extension, statement.body)
    ):
        return True
    module_scope = facts.index.module_scope
    places: list[cst.CSTNode] = []
    places += [use.node for name in names for use in facts.index.uses.get(name, ())]
    places += [b.node for name in names for b in module_scope.bindings.get(name, ())]
    return any(outer_index(node, facts) == index for node in places)


def _loads_extension(statement: cst.CSTNode) -> bool:
    """Whether it imports compiled code that looks built for torch, or everything of a module."""
    if isinstance(statement, cst.ImportFrom):
        if isinstance(statement.names, cst.ImportStar):
            return True
        module = ".".join((dotted_parts(statement.module) or ()) if statement.module else ())
        local = bool(statement.relative) or "." in module
        names = [module, *(alias.evaluated_name for alias in statement.names if local)]
        return any(map(_EXTENSION.search, names))
    if isinstance(statement, cst.Import):
        return any(_EXTENSION.search(alias.evaluated_name) for alias in statement.names)
    return False
