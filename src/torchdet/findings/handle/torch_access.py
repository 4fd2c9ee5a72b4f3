"""How a file gets torch and the handle, and under which names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain, count

from torchdet.edit.imports import imported_as
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.handle_names import HANDLE
from torchdet.facts.lazy import cst
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import Scope
from torchdet.findings.handle.torch_imports import Runs, bound_name, torch_imports

RUNTIME = "torchdet.runtime"
_HANDLES = ("rt", "torch_rt", "torch_runtime", "torch_handle")


@dataclass(frozen=True, slots=True)
class TorchAccess:
    """Where a file gets torch and the handle from.

    Of a package's own runtime ``module``, spelled as the file imports it, which exports both; or,
    with a ``factory``, of torchdet's, and the file binds them itself. ``name`` is what the module
    calls the handle, or what has its operations in a project that does without the runtime.
    """

    module: str = RUNTIME
    factory: str = "get_torch_handle"
    name: str = "rt"

    @property
    def exported(self) -> bool:
        """Whether the module exports the handle and torch."""
        return not self.factory


def helper_name(facts: FileFacts, access: TorchAccess, taken: Collection[str] = ()) -> str:
    """The name under which the file has the object that ``access`` names, or can."""
    known = imported_as(facts, access.module, access.name)
    if known is not None:
        return known
    candidates = chain(
        (access.name, f"torch_{access.name}"), (f"{access.name}_{n}" for n in count(2))
    )
    return next(name for name in candidates if name not in taken and _is_free(name, HANDLE, facts))


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
        if has_handle(module, name, facts) and _means_everywhere(name, HANDLE, facts):
            return name
    candidates = chain(_HANDLES, (f"rt_{number}" for number in count(2)))
    return next(name for name in candidates if name not in taken and _is_free(name, HANDLE, facts))


def has_handle(scope: Scope, name: str, facts: FileFacts) -> bool:
    """Whether ``name`` is bound to the handle in ``scope``."""
    return name in scope.bindings and facts.resolver.root(name, scope) == Exact(HANDLE)


def torch_name(facts: FileFacts, taken: Collection[str] = ()) -> str:
    """The name under which the file has torch at its outermost level, or can.

    A file that hides it (``import torch as _torch``) goes on to do so.
    """
    first = [each for each in torch_imports(facts) if each.runs is Runs.FIRST]
    plain = [each.statement for each in first if isinstance(each.statement, cst.Import)]
    named = {
        bound_name(alias, statement)
        for statement in plain
        for alias in statement.names
        if alias.asname is None or alias.evaluated_name == "torch"
    }
    if "torch" in named or (not named and _has_torch(facts)):
        return "torch"
    if named:
        return min(named)
    candidates = chain(("torch", "_torch"), (f"torch_{number}" for number in count(2)))
    return next(name for name in candidates if name not in taken and _is_free(name, "torch", facts))


def _has_torch(facts: FileFacts) -> bool:
    return facts.resolver.root("torch", facts.index.module_scope) == Exact("torch")


def _means_everywhere(name: str, meaning: str, facts: FileFacts) -> bool:
    scopes = [scope for scope in facts.index.scopes.values() if name in scope.bindings]
    return bool(scopes) and all(
        facts.resolver.root(name, scope) == Exact(meaning) for scope in scopes
    )


def _is_free(name: str, meaning: str, facts: FileFacts) -> bool:
    if _means_everywhere(name, meaning, facts):
        return True
    index = facts.index
    bound = any(
        name in scope.bindings or name in scope.global_names for scope in index.scopes.values()
    )
    return not bound and name not in index.uses
