"""Where a file gets the handle, and under which name.

A file that imports torch whenever it is imported binds the handle at its outermost level. One that
imports torch only perhaps, or only in functions, may well be meant to work or to load fast without
torch: there the handle is bound beside each of these imports.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, count

from torchdet.edit.imports import import_name, imported_as, is_docstring, is_import, must_lead
from torchdet.edit.node_edit import InsertBefore, NodeEdit, StatementsBefore
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.handle_names import HANDLE
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import inherited
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import Scope
from torchdet.findings.handle.import_layout import ImportLayout, Place, import_layout
from torchdet.findings.handle.torch_imports import (
    Runs,
    TorchImport,
    enclosing_def,
    outer_index,
    torch_imports,
)
from torchdet.model.config import MigrateConfig

_RUNTIME, _FACTORY = "torchdet.runtime", "get_torch_handle"
_NAMES = ("rt", "torch_rt", "torch_runtime", "torch_handle")


def handle_name(facts: FileFacts, taken: Collection[str] = ()) -> str:
    """The name under which the file has the handle, or can: ``rt`` if nothing is in its way.

    ``taken`` are names that get a meaning without the file's doing, such as those of the modules
    in a package for its ``__init__.py``.

    >>> from torchdet.facts.index import Wanted
    >>> from torchdet.model.source import SourceText
    >>> handle_name(FileFacts.parse(SourceText("rt = 1\\n"), Wanted()))
    'torch_rt'
    """
    module = facts.index.module_scope
    for name in module.bindings:
        if _has_handle(module, name, facts) and _means_handle_everywhere(name, facts):
            return name
    candidates = chain(_NAMES, (f"rt_{number}" for number in count(2)))
    return next(name for name in candidates if name not in taken and _is_free(name, facts))


def bind_handle(
    facts: FileFacts,
    name: str,
    config: MigrateConfig,
    users: Sequence[cst.CSTNode] = (),
) -> tuple[NodeEdit, ...]:
    """The edits that bind the handle to ``name``, with what has to be imported for that.

    ``users`` are the places that will use it. Empty where all of them have it already.
    """
    del config
    if _has_handle(facts.index.module_scope, name, facts):
        return ()
    imports = torch_imports(facts)
    layout = import_layout(facts, imports)
    beside = list(_beside_imports(imports, layout, name, facts))
    place = _before_users(layout.first, users, facts)
    if any(each.runs is Runs.FIRST for each in imports) or not beside:
        return (*_at_outermost_level(place, layout, name, facts), *beside)
    alone = [user for user in users if not _reaches(user, imports, name, facts)]
    functions = {_function_to_bind_in(user, facts): None for user in alone}
    if None in functions:
        return tuple(_at_outermost_level(place, layout, name, facts))
    in_functions = [_in_function(each, name, facts) for each in functions if each is not None]
    return (*beside, *in_functions)


def has_handle_outermost(name: str, facts: FileFacts, imports: tuple[TorchImport, ...]) -> bool:
    """Whether the file has the handle at its outermost level, or will when one is needed.

    ``name`` is the name that it has, or will have.
    """
    return _has_handle(facts.index.module_scope, name, facts) or any(
        each.runs is Runs.FIRST for each in imports
    )


# Names.


def _means_handle_everywhere(name: str, facts: FileFacts) -> bool:
    scopes = [scope for scope in facts.index.scopes.values() if name in scope.bindings]
    return bool(scopes) and all(_has_handle(scope, name, facts) for scope in scopes)


def _has_handle(scope: Scope, name: str, facts: FileFacts) -> bool:
    return name in scope.bindings and facts.resolver.root(name, scope) == Exact(HANDLE)


def _is_free(name: str, facts: FileFacts) -> bool:
    if _means_handle_everywhere(name, facts):
        return True
    index = facts.index
    bound = any(
        name in scope.bindings or name in scope.global_names for scope in index.scopes.values()
    )
    return not bound and name not in index.uses


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
    place: Place, layout: ImportLayout, name: str, facts: FileFacts
) -> Iterator[NodeEdit]:
    factory = imported_as(facts, _RUNTIME, _FACTORY)
    within = _within_leading_row(place, facts)
    if within is not None:
        yield _inline(within, name, factory)
        return
    blank = () if place in layout.places.values() else place.blank_rows(facts)
    rows = (f"{name} = {factory or _FACTORY}()", *blank)
    above_imports = place.index == 0
    if factory is None and above_imports:
        rows = (f"from {_RUNTIME} import {_FACTORY}", "", *rows)
    elif factory is None:
        yield from import_name(facts, _RUNTIME, _FACTORY, before=place.index, beside="torch")
    if not above_imports:
        rows = ("", *rows)
    yield place.insert(rows, facts)


def _beside_imports(
    imports: tuple[TorchImport, ...], layout: ImportLayout, name: str, facts: FileFacts
) -> Iterator[NodeEdit]:
    """The handle right above the imports of torch that cannot rely on the outermost level's."""
    outermost = any(each.runs is Runs.FIRST for each in imports)
    blocks: dict[cst.CSTNode, TorchImport] = {}
    for each in imports:
        if each.runs is Runs.FIRST or (outermost and _comes_after(each, layout)):
            continue
        if _is_inside(each, [*blocks], facts) or _binds_locally(each, name, facts):
            continue
        blocks.setdefault(each.block, each)
    for each in blocks.values():
        factory = _factory_before(each, imports, facts)
        yield _above(each.statement, name, factory, facts)


def _comes_after(item: TorchImport, layout: ImportLayout) -> bool:
    return item.runs is Runs.LATER or item.index >= layout.first.index


def _is_inside(item: TorchImport, blocks: list[cst.CSTNode], facts: FileFacts) -> bool:
    """Whether the import stands in one of ``blocks``, where the handle is bound before it."""
    return any(above in blocks for above in facts.ancestors(item.statement))


def _binds_locally(item: TorchImport, name: str, facts: FileFacts) -> bool:
    scope = facts.scope(item.statement)
    return any(_has_handle(each, name, facts) for each in scope.chain())


def _above(statement: cst.CSTNode, name: str, factory: str | None, facts: FileFacts) -> NodeEdit:
    """The handle above ``statement``, where ``factory`` is what the factory is imported as."""
    row = facts.parent(statement)
    if isinstance(row, cst.SimpleStatementLine) and len(row.body) == 1:
        bound = f"{name} = {factory or _FACTORY}()"
        rows = (bound,) if factory else (f"from {_RUNTIME} import {_FACTORY}", "", bound)
        return StatementsBefore(row, rows)
    return _inline(statement, name, factory)


def _factory_before(
    item: TorchImport, imports: tuple[TorchImport, ...], facts: FileFacts
) -> str | None:
    """The name under which the factory will have been imported when ``item`` runs, if it will.

    It is imported among the imports of torch that always run, if there are any.
    """
    factory = imported_as(facts, _RUNTIME, _FACTORY)
    if factory is not None:
        bindings = facts.index.module_scope.bindings[factory]
        above = any(outer_index(each.node, facts) < item.index for each in bindings)
        return factory if above or item.runs is Runs.LATER else None
    always = [each.index for each in imports if each.runs is Runs.FIRST]
    return _FACTORY if always and max(always) < item.index else None


def _inline(statement: cst.CSTNode, name: str, factory: str | None) -> NodeEdit:
    """The handle bound in the row of ``statement``; ``factory`` is None if not yet imported."""
    imported = "" if factory else f"from {_RUNTIME} import {_FACTORY}; "
    return InsertBefore(statement, f"{imported}{name} = {factory or _FACTORY}(); ")


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
    if any(_has_handle(scope, name, facts) for scope in facts.scope(user).chain()):
        return True
    around = {above for above in facts.ancestors(user) if isinstance(above, cst.FunctionDef)}
    return any(enclosing_def(each.statement, facts) in around for each in imports)


def _function_to_bind_in(user: cst.CSTNode, facts: FileFacts) -> cst.FunctionDef | None:
    """The function at whose beginning the handle can be bound for ``user``."""
    below = user
    for above in facts.ancestors(user):
        if isinstance(above, cst.FunctionDef) and below is above.body:
            return above if isinstance(above.body, cst.IndentedBlock) else None
        below = above
    return None


def _in_function(function: cst.FunctionDef, name: str, facts: FileFacts) -> NodeEdit:
    body = function.body.body
    first = next((row for row in body if not is_docstring(row)), None)
    factory = imported_as(facts, _RUNTIME, _FACTORY)
    imported = () if factory else (f"from {_RUNTIME} import {_FACTORY}", "")
    bound = f"{name} = {factory or _FACTORY}()"
    assert first is not None or body
    return StatementsBefore(first if first is not None else body[0], (*imported, bound))
