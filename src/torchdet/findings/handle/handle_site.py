"""Where a file gets the handle, and under which name.

A file that imports torch whenever it is imported binds the handle at its outermost level. One that
imports torch only perhaps, or only in functions, may well be meant to work or to load fast without
torch: there the handle is bound beside each of these imports.

A module of a package imports it, and torch, from the package's runtime module; other files bind it
themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from torchdet.edit.imports import (
    import_name,
    import_rows,
    imported_as,
    is_docstring,
    is_import,
    must_lead,
    place_for_import,
)
from torchdet.edit.node_edit import InsertBefore, NodeEdit, StatementsBefore
from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited
from torchdet.findings.handle.import_layout import ImportLayout, Place, import_layout
from torchdet.findings.handle.torch_access import TorchAccess, has_handle
from torchdet.findings.handle.torch_imports import (
    Runs,
    TorchImport,
    imports_torch_lazily,
    outer_index,
    torch_imports,
)


@dataclass(frozen=True, slots=True)
class WantedNames:
    """What a file needs bound: the handle, torch or both, each under its name; empty if it not."""

    handle: str = ""
    torch: str = ""

    def exports(self, handle: str = "rt") -> tuple[str, ...]:
        """The names as an import of the project's module spells them, which has ``handle``."""
        named = ((handle, self.handle), ("torch", self.torch))
        return tuple(
            name if bound == name else f"{name} as {bound}" for name, bound in named if bound
        )


def bind_names(
    facts: FileFacts,
    wanted: WantedNames,
    access: TorchAccess,
    users: Sequence[cst.CSTNode] = (),
    gone: Collection[cst.CSTNode] = (),
) -> tuple[NodeEdit, ...]:
    """The edits that bind what is ``wanted``, with what has to be imported for that.

    ``users`` are the places that will use the handle, ``gone`` the rows of imports that other edits
    take away. Empty where all names are bound already.
    """
    scope = facts.index.module_scope
    imported = access.exported and imported_as(facts, access.module, access.name)
    if wanted.handle and (imported or has_handle(scope, wanted.handle, facts)):
        wanted = replace(wanted, handle="")
    if wanted == WantedNames():
        return ()
    imports = torch_imports(facts)
    layout = import_layout(facts, imports)
    binding = _Binding(wanted, access, facts, gone)
    place = _before_users(layout.first, users, facts)
    if not wanted.handle:
        return tuple(_at_outermost_level(place, layout, binding))
    beside = list(_beside_imports(imports, layout, binding))
    if (
        any(each.runs is Runs.FIRST for each in imports)
        or wanted.torch
        or not (beside or imports_torch_lazily(facts))
    ):
        return (*_at_outermost_level(place, layout, binding), *beside)
    alone = [user for user in users if not _reaches(user, imports, wanted.handle, facts)]
    functions = {_function_to_bind_in(user, facts): None for user in alone}
    if None in functions:
        return tuple(_at_outermost_level(place, layout, binding))
    in_functions = [_in_function(each, binding) for each in functions if each is not None]
    return (*beside, *in_functions)


def has_handle_outermost(name: str, facts: FileFacts, imports: tuple[TorchImport, ...]) -> bool:
    """Whether the file has the handle at its outermost level, or will when one is needed.

    ``name`` is the name that it has, or will have.
    """
    return has_handle(facts.index.module_scope, name, facts) or any(
        each.runs is Runs.FIRST for each in imports
    )


@dataclass(frozen=True, slots=True)
class _Binding:
    """What is bound in a file, and where it comes from."""

    wanted: WantedNames
    access: TorchAccess
    facts: FileFacts
    gone: Collection[cst.CSTNode]

    @property
    def name(self) -> str:
        """The name of the handle."""
        return self.wanted.handle

    def factory(self) -> str | None:
        """The name by which the file has the factory already."""
        return imported_as(self.facts, self.access.module, self.access.factory)

    def rows(self, factory: str | None) -> tuple[str, ...]:
        """The handle in rows of their own; ``factory`` is None where it is to be imported too."""
        module = self.access.module
        if self.access.exported:
            return import_rows(module, WantedNames(self.name).exports(self.access.name))
        bound = f"{self.name} = {factory or self.access.factory}()"
        return (bound,) if factory else (f"from {module} import {self.access.factory}", "", bound)

    def inline(self, statement: cst.CSTNode, factory: str | None, names: WantedNames) -> NodeEdit:
        """What is wanted bound in the row of ``statement``."""
        module = self.access.module
        if self.access.exported:
            row = f"from {module} import {', '.join(names.exports(self.access.name))}; "
            return InsertBefore(statement, row)
        imported = "" if factory else f"from {module} import {self.access.factory}; "
        bound = f"{imported}{self.name} = {factory or self.access.factory}(); "
        return InsertBefore(statement, bound)


# Places.


def _before_users(place: Place, users: Sequence[cst.CSTNode], facts: FileFacts) -> Place:
    """``place``, or above the first statement that will use the handle when the file is imported.

    Imports are no such users: the layout has seen to them.
    """
    at_import = [
        outer_index(user, facts)
        for user in users
        if _runs_at_import(user, facts) and not (is_import(user) or _in_import(user, facts))
    ]
    return Place(min([place.index, *at_import]))


def _import_step(above: cst.CSTNode, _: cst.CSTNode, outer: bool, _facts: FileFacts) -> bool:
    return outer or is_import(above)


def _at_import_step(above: cst.CSTNode, below: cst.CSTNode, outer: bool, _facts: FileFacts) -> bool:
    return outer and not (isinstance(above, (cst.FunctionDef, cst.Lambda)) and below is above.body)


_in_import = inherited(False, _import_step)
_runs_at_import = inherited(True, _at_import_step)


def _at_outermost_level(
    place: Place, layout: ImportLayout, binding: _Binding
) -> Iterator[NodeEdit]:
    facts, access = binding.facts, binding.access
    factory = binding.factory()
    within = _within_leading_row(place, facts)
    if within is not None:
        yield binding.inline(within, factory, binding.wanted)
        return
    if access.exported:
        at = place_for_import(facts, access.module, before=place.index, gone=binding.gone)
        yield from at.edits(binding.wanted.exports(access.name))
        return
    blank = () if place in layout.places.values() else place.blank_rows(facts)
    rows = (f"{binding.name} = {factory or access.factory}()", *blank)
    above_imports = place.index == 0
    if factory is None and above_imports:
        rows = (f"from {access.module} import {access.factory}", "", *rows)
    elif factory is None:
        yield from import_name(
            facts, access.module, access.factory, before=place.index, beside="torch"
        )
    if not above_imports:
        rows = ("", *rows)
    yield place.insert(rows, facts)


def _beside_imports(
    imports: tuple[TorchImport, ...], layout: ImportLayout, binding: _Binding
) -> Iterator[NodeEdit]:
    """The handle right above the imports of torch that cannot rely on the outermost level's."""
    facts = binding.facts
    outermost = any(each.runs is Runs.FIRST for each in imports)
    blocks: dict[cst.CSTNode, TorchImport] = {}
    for each in imports:
        if each.runs is Runs.FIRST or (outermost and _comes_after(each, layout)):
            continue
        if _is_inside(each, [*blocks], facts) or _binds_locally(each, binding.name, facts):
            continue
        blocks.setdefault(each.block, each)
    for each in blocks.values():
        factory = _factory_before(each, imports, binding)
        yield _above(each.statement, factory, binding)


def _comes_after(item: TorchImport, layout: ImportLayout) -> bool:
    return item.runs is Runs.LATER or item.index >= layout.first.index


def _is_inside(item: TorchImport, blocks: list[cst.CSTNode], facts: FileFacts) -> bool:
    """Whether the import stands in one of ``blocks``, where the handle is bound before it."""
    return any(above in blocks for above in facts.ancestors(item.statement))


def _binds_locally(item: TorchImport, name: str, facts: FileFacts) -> bool:
    scope = facts.scope(item.statement)
    return any(has_handle(each, name, facts) for each in scope.chain())


def _above(statement: cst.CSTNode, factory: str | None, binding: _Binding) -> NodeEdit:
    """The handle above ``statement``, where ``factory`` is what the factory is imported as."""
    row = binding.facts.parent(statement)
    if isinstance(row, cst.SimpleStatementLine) and len(row.body) == 1:
        return StatementsBefore(row, binding.rows(factory))
    return binding.inline(statement, factory, WantedNames(binding.name))


def _factory_before(
    item: TorchImport, imports: tuple[TorchImport, ...], binding: _Binding
) -> str | None:
    """The name under which the factory will have been imported when ``item`` runs, if it will.

    It is imported among the imports of torch that always run, if there are any.
    """
    facts, factory = binding.facts, binding.factory()
    if factory is not None:
        bindings = facts.index.module_scope.bindings[factory]
        above = any(outer_index(each.node, facts) < item.index for each in bindings)
        return factory if above or item.runs is Runs.LATER else None
    always = [each.index for each in imports if each.runs is Runs.FIRST]
    return binding.access.factory if always and max(always) < item.index else None


def _within_leading_row(place: Place, facts: FileFacts) -> cst.CSTNode | None:
    """What follows a docstring or ``from __future__`` in the row at ``place``, if something does.

    Nothing may stand above such a row.
    """
    body = facts.module.body
    row = body[place.index] if place.index < len(body) else None
    if not isinstance(row, cst.SimpleStatementLine) or not must_lead(row.body[0]):
        return None
    return next((each for each in row.body if not must_lead(each)), None)


def _reaches(
    user: cst.CSTNode, imports: tuple[TorchImport, ...], name: str, facts: FileFacts
) -> bool:
    """Whether ``user`` will see a handle that is bound beside an import of torch."""
    if any(each.runs is Runs.PERHAPS for each in imports):
        return True
    if any(has_handle(scope, name, facts) for scope in facts.scope(user).chain()):
        return True
    around = {above for above in facts.ancestors(user) if isinstance(above, cst.FunctionDef)}
    return any(enclosing_function(each.statement, facts) in around for each in imports)


def _function_to_bind_in(user: cst.CSTNode, facts: FileFacts) -> cst.FunctionDef | None:
    """The function at whose beginning the handle can be bound for ``user``."""
    below = user
    for above in facts.ancestors(user):
        if isinstance(above, cst.FunctionDef) and below is above.body:
            return above if isinstance(above.body, cst.IndentedBlock) else None
        below = above
    return None


def _in_function(function: cst.FunctionDef, binding: _Binding) -> NodeEdit:
    body = function.body.body
    first = next((row for row in body if not is_docstring(row)), None)
    assert first is not None or body
    rows = binding.rows(binding.factory())
    return StatementsBefore(first if first is not None else body[0], rows)
