"""Imports of torch and of the facade, and which of them runs first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import children

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.reading.context import Context, Place

_PLAIN = frozenset({"Import", "LazyImport"})
_FROM = frozenset({"ImportFrom", "LazyImportFrom"})
IMPORTS = tuple(sorted(_PLAIN | _FROM))
"""The node types of import statements; LibCST knows the lazy ones (PEP 810) from 1.9 on."""


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """One module that a statement imports, or imports names from.

    ``names`` are the pairs (imported, bound) of a ``from`` import, empty for ``import *``, and None
    for a plain import; ``bound`` is the name that a plain import binds. ``code`` is how messages
    quote it.
    """

    module: str
    code: str
    names: tuple[tuple[str, str], ...] | None = None
    bound: str = ""

    @classmethod
    def plain(cls, module: str, bound: str | None) -> ImportedModule:
        """``import module``, or ``import module as bound``."""
        suffix = f" as {bound}" if bound is not None else ""
        return cls(module, f"import {module}{suffix}", bound=bound or module.partition(".")[0])

    @classmethod
    def of_names(cls, module: str, names: tuple[tuple[str, str], ...]) -> ImportedModule:
        """``from module import name as bound, ...``."""
        shown = names[0][0] if len(names) == 1 else "..."
        return cls(module, f"from {module} import {shown}", names)

    @property
    def modules(self) -> tuple[str, ...]:
        """Every qualified name that may be a module loaded by this import."""
        return (self.module, *(f"{self.module}.{name}" for name, _ in self.names or ()))


@dataclass(frozen=True, slots=True)
class ModuleImport(ImportedModule):
    """A module that is imported at ``node``, which is what to underline.

    That is the alias of ``import torch.nn as nn``, the module's name in ``from torch import nn``.
    """

    node: cst.CSTNode = field(kw_only=True)

    @classmethod
    def at(cls, node: cst.CSTNode, item: ImportedModule) -> ModuleImport:
        """``item``, imported at ``node``."""
        return cls(item.module, item.code, item.names, item.bound, node=node)


def is_lazy_import(node: cst.CSTNode) -> bool:
    """Whether ``node`` is an import that runs when its name is first used (PEP 810)."""
    return type(node).__name__.startswith("Lazy")


def is_torch(module: str) -> bool:
    """Whether the dotted name is torch or below it."""
    return module == "torch" or module.startswith("torch.")


def torch_imports(node: cst.CSTNode, context: Context) -> Iterator[ModuleImport]:
    """The imports of torch in one statement, unless only a type checker ever runs it."""
    found = [item for item in module_imports(node, context) if is_torch(item.module)]
    if found and not context.facts.under_type_checking(node):
        yield from found


def module_imports(node: cst.CSTNode, context: Context | Place) -> Iterator[ModuleImport]:
    """What one import statement imports, with relative names made absolute."""
    from torchdet.facts.index import dotted_parts

    if is_plain_import(node):
        for alias in node.names:
            parts = dotted_parts(alias.name) or ()
            bound = _bound(alias) if alias.asname is not None else None
            yield ModuleImport.at(alias, ImportedModule.plain(".".join(parts), bound))
    elif is_from_import(node):
        module = _absolute(node, context)
        place = node.module if node.module is not None else node
        if isinstance(node.names, cst.ImportStar):
            star = ImportedModule(module, f"from {module} import *", ())
            yield ModuleImport.at(place, star)
            return
        names = tuple((str(alias.name.value), _bound(alias)) for alias in node.names)
        yield ModuleImport.at(place, ImportedModule.of_names(module, names))


@remembered
def facade_imports(place: Place, facts: FileFacts) -> tuple[cst.CSTNode, ...]:
    """The nodes of the file that import the facade, or something from it."""
    from torchdet.facts.scope import BindingKind

    statements = dict.fromkeys(
        facts.parent(binding.node)
        for binding in facts.index.bindings()
        if binding.kind is BindingKind.IMPORT
    )
    facade = place.config.facade_module
    return tuple(
        item.node
        for statement in statements
        if not facts.under_type_checking(statement)
        for item in module_imports(statement, place)
        if any(f"{module}.".startswith(f"{facade}.") for module in item.modules)
    )


def order_key(node: cst.CSTNode, facts: FileFacts) -> tuple[int, ...]:
    """Where ``node`` stands among the statements of the file; sorts in the order of the text."""
    around = (node, *facts.ancestors(node))
    pairs = zip(around[1:], around, strict=False)
    return tuple(_positions(above, facts)[below] for above, below in pairs)[::-1]


@remembered
def _positions(node: cst.CSTNode, _facts: FileFacts) -> dict[cst.CSTNode, int]:
    return {child: position for position, child in enumerate(children(node))}


def is_plain_import(node: cst.CSTNode) -> TypeGuard[cst.Import]:
    """Whether ``node`` is ``import a, b``, or a lazy one, which LibCST gives a class of its own."""
    return type(node).__name__ in _PLAIN


def is_from_import(node: cst.CSTNode) -> TypeGuard[cst.ImportFrom]:
    """Whether ``node`` is ``from a import b``, or a lazy one."""
    return type(node).__name__ in _FROM


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return str(alias.name.value)


def _absolute(node: cst.ImportFrom, context: Context | Place) -> str:
    """The module of a ``from`` import; a relative one by the name of the file's own module."""
    from torchdet.facts.index import dotted_parts

    module = ".".join((dotted_parts(node.module) or ()) if node.module is not None else ())
    if not node.relative:
        return module
    package = context.module_name.split(".")
    is_package = context.path.endswith("__init__.py")
    dropped = len(node.relative) - is_package
    kept = package[: len(package) - dropped] if dropped else package
    if not any(kept):
        return "." * len(node.relative) + module
    return ".".join([*kept, module]) if module else ".".join(kept)
