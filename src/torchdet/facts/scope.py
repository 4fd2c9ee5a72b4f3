"""Scopes and bindings, as Python's own rules of name lookup have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from torchdet.facts.lazy import cst


class ScopeKind(Enum):
    """What opened a scope; only classes are invisible to the scopes inside them."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    COMPREHENSION = "comprehension"
    TYPE_PARAMETERS = "type parameters"


class BindingKind(Enum):
    """How a name came to be bound."""

    IMPORT = "import"
    ASSIGNMENT = "assignment"
    PARAMETER = "parameter"
    DEFINITION = "definition"
    DELETION = "deletion"
    OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One place that binds ``name``.

    ``qualified`` is the absolute dotted name for an import (relative imports keep their leading
    dots, so that they never look like a top-level package). ``value`` is the expression that a
    plain assignment, a walrus or a parameter's default gives the name; a target that takes only
    a part of a value, such as one name of an unpacking or of a loop, has none. It holds no
    scope: a circle of references would keep the tree of a file alive after its check.
    """

    name: str
    kind: BindingKind
    node: cst.CSTNode
    qualified: str | None = None
    value: cst.BaseExpression | None = None
    annotation: cst.BaseExpression | None = None


class Scope:
    """The names bound in one module, class, function, comprehension or type-parameter list."""

    __slots__ = ("bindings", "global_names", "kind", "node", "nonlocal_names", "parent")

    def __init__(self, kind: ScopeKind, node: cst.CSTNode, parent: Scope | None = None) -> None:
        self.kind = kind
        self.node = node
        self.parent = parent
        self.bindings: dict[str, list[Binding]] = {}
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def target(self, name: str) -> Scope:
        """The scope in which binding ``name`` here takes effect (``global``, ``nonlocal``)."""
        if name in self.global_names:
            return self.module
        if name in self.nonlocal_names and self.parent is not None:
            owner = self.parent.owner(name, from_inside=True)
            return owner if owner is not None else self
        return self

    def bind(self, binding: Binding) -> None:
        """Record ``binding`` in this scope."""
        self.bindings.setdefault(binding.name, []).append(binding)

    def owner(self, name: str, *, from_inside: bool = False) -> Scope | None:
        """The scope whose binding of ``name`` a reference here means, or None when none has it.

        ``from_inside`` says that the reference stands in a scope nested in this one, to which
        names of a class body are invisible.
        """
        scope: Scope | None = self
        nested = from_inside
        while scope is not None:
            if name in scope.global_names:
                scope = scope.module
                return scope if name in scope.bindings else None
            visible = not (nested and scope.kind is ScopeKind.CLASS)
            if visible and name in scope.bindings and name not in scope.nonlocal_names:
                return scope
            # A comprehension or a type-parameter list directly in a class body sees the class's
            # names only where Python evaluates it there; treating it as nested is the safe side
            # for comprehensions, and type parameters are the exception in PEP 695.
            nested = scope.kind is not ScopeKind.TYPE_PARAMETERS or nested
            scope = scope.parent
        return None

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
