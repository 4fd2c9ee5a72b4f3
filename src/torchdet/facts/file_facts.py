"""The questions that rules ask about one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import libcst as cst

from torchdet.facts.flow.file_flow import FileFlow
from torchdet.facts.handle_names import meaning_of_export
from torchdet.facts.index import DottedUse, Index, Wanted, build_index
from torchdet.facts.parse import TOO_DEEP, UnparseableError, parse_source
from torchdet.facts.remembered import inherited
from torchdet.facts.resolve import Exact, Resolution, Resolver
from torchdet.facts.scope import Binding, Scope
from torchdet.model.source import SourceText

_STATEMENTS = (
    cst.SimpleStatementLine,
    cst.SimpleStatementSuite,
    cst.BaseCompoundStatement,
    cst.Decorator,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.MatchCase,
    cst.Else,
    cst.Finally,
)


class FileFacts:
    """One file's tree with what was learned of it; built before any rule runs, read-only after.

    ``parse`` is the way to make one.
    """

    def __init__(self, source: SourceText, module: cst.Module, index: Index, resolver: Resolver):
        self.source = source
        self.module = module
        self.index = index
        self.resolver = resolver
        self._scopes: dict[cst.CSTNode, Scope] = {}

    @classmethod
    def parse(
        cls, source: SourceText, wanted: Wanted, aliases: Mapping[str, str] | None = None
    ) -> FileFacts:
        """Parse ``source`` and index it in one walk.

        Raises ``UnparseableError``.
        """
        module = parse_source(source)
        index = build_index(module, wanted)
        return cls(source, module, index, Resolver(index, aliases))

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node above ``node``; the module is above the outermost statements."""
        return self.index.parents[node]

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes above ``node``, innermost first, the module last."""
        parents = self.index.parents
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def scope(self, node: cst.CSTNode) -> Scope:
        """The scope in which ``node`` is evaluated.

        Defaults, annotations and decorators belong to the scope around their function, and the
        first iterable of a comprehension to the one around it.
        """
        known = self._scopes
        path: list[cst.CSTNode] = []
        current, scope = node, known.get(node)
        while scope is None and current in self.index.parents:
            path.append(current)
            current = self.index.parents[current]
            scope = self._opened_by(current, path) or known.get(current)
        scope = scope or self.index.module_scope
        # The first iterable of a comprehension is evaluated elsewhere than what is around it.
        known.update((each, scope) for each in path if not isinstance(each, cst.CompFor))
        return scope

    def _opened_by(self, owner: cst.CSTNode, below: list[cst.CSTNode]) -> Scope | None:
        """The scope that ``owner`` opens for the last of the nodes ``below`` it, if it does."""
        scopes = self.index.scopes
        child = below[-1]
        if isinstance(owner, (cst.FunctionDef, cst.ClassDef, cst.TypeAlias)):
            if not isinstance(owner, cst.TypeAlias) and child is owner.body:
                return scopes[owner]
            if owner.type_parameters is not None and not isinstance(child, cst.Decorator):
                return scopes[owner.type_parameters]
            return None
        if isinstance(owner, cst.Lambda):
            return scopes[owner] if child is owner.body else None
        if isinstance(owner, cst.CompFor):
            return None
        if owner not in scopes:
            return None
        first_iterable = isinstance(child, cst.CompFor) and below[-2:-1] == [child.iter]
        return None if first_iterable else scopes[owner]

    def resolve(self, node: cst.CSTNode) -> Resolution:
        """The qualified name that the expression ``node`` means."""
        return self.resolver.expression(node, self.scope(node))

    def means(self, node: cst.CSTNode, *names: str) -> bool:
        """Whether ``node`` certainly means one of the qualified ``names``."""
        resolution = self.resolve(node)
        return isinstance(resolution, Exact) and resolution.name in names

    def bindings(self, node: cst.Name) -> list[Binding]:
        """Every binding that the name ``node`` can mean; empty when the file has none."""
        owner = self.scope(node).owner(node.value)
        return owner.bindings[node.value] if owner is not None else []

    def uses_of(self, name: str, scope: Scope) -> Iterator[DottedUse]:
        """The uses of ``name`` that mean its binding in ``scope``."""
        owner = scope.owner(name)
        for use in self.index.uses.get(name, ()):
            if use.scope.owner(name) is owner:
                yield use

    def statement(self, node: cst.CSTNode) -> cst.CSTNode:
        """The smallest statement, clause or decorator around ``node``, or ``node`` itself."""
        return _statement_around(node, self) or node

    def context(self, node: cst.CSTNode) -> str:
        """The dotted name of the functions and classes around ``node``."""
        return ".".join(_names_around(node, self))

    def under_type_checking(self, node: cst.CSTNode) -> bool:
        """Whether only a type checker ever runs ``node`` (``if TYPE_CHECKING:``)."""
        return _only_checked(node, self)

    def code(self, node: cst.CSTNode) -> str:
        """The source text of ``node`` alone. Raises ``UnparseableError`` where it is too deep."""
        try:
            return self.module.code_for_node(node)
        except RecursionError:
            raise UnparseableError(TOO_DEEP) from None

    @cached_property
    def imported_modules(self) -> frozenset[str]:
        """The qualified names that the file imports anywhere, star imports included.

        Of a project's runtime module these are torch and the handle.
        """
        names = {origin for origin, _ in self.index.star_imports}
        imported = (b.qualified for b in self.index.bindings() if b.qualified is not None)
        names.update(meaning_of_export(name) or name for name in imported)
        return frozenset(names)

    @cached_property
    def flow(self) -> FileFlow:
        """Where values come from and go to, and under which conditions; see `facts.flow`."""
        return FileFlow(self.module, self.index, self.resolver)


def _statement_step(
    _above: cst.CSTNode, below: cst.CSTNode, outer: cst.CSTNode | None, _facts: FileFacts
) -> cst.CSTNode | None:
    return below if isinstance(below, _STATEMENTS) else outer


def _names_step(
    above: cst.CSTNode, _below: cst.CSTNode, outer: tuple[str, ...], _facts: FileFacts
) -> tuple[str, ...]:
    if isinstance(above, (cst.FunctionDef, cst.ClassDef)):
        return (*outer, above.name.value)
    return outer


def _checked_step(above: cst.CSTNode, below: cst.CSTNode, outer: bool, facts: FileFacts) -> bool:
    if outer or not (isinstance(above, cst.If) and above.body is below):
        return outer
    return facts.means(above.test, "typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING")


_statement_around = inherited(None, _statement_step)
_names_around = inherited(tuple[str, ...](), _names_step)
_only_checked = inherited(False, _checked_step)
