"""From an expression to the qualified name that it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import libcst as cst

from torchdet.facts.expressions import string_value
from torchdet.facts.handle_names import HANDLE, HANDLE_FACTORIES, RUNTIME_MODULE, meaning_of_export
from torchdet.facts.index import DottedUse, Index, dotted_parts
from torchdet.facts.scope import Binding, BindingKind, Scope
from torchdet.facts.star_imports import star_meaning


@dataclass(frozen=True, slots=True)
class Exact:
    """The expression means this qualified name, whichever way the program ran."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """The one candidate, so that a rule can treat both answers alike."""
        return (self.name,)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It means one of ``names``, or nothing (``torch = None`` after a failed import).

    Sorted, so that no output depends on hash order. A rule reports an ambiguous reference only
    where it would report every candidate, and never fixes one as safe.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing can be said; no rule may act on it."""

    @property
    def names(self) -> tuple[str, ...]:
        """No candidates."""
        return ()


Resolution = Exact | Ambiguous | Unknown

_UNKNOWN = Unknown()
_NOTHING = "None"

_ALIASES = {
    f"{HANDLE}.torch": "torch",
    "torchdet.facade.torch": "torch",
}
# Calls whose value is the module that their first argument names.
_IMPORT_FUNCTIONS = frozenset({"importlib.import_module", f"{HANDLE}.module"})


class Resolver:
    """Answers what names mean in one file.

    ``aliases`` maps qualified names to the ones that they stand for (a project's facade, say),
    beside those of torchdet's own handle and facade: code that was migrated to
    ``torch = rt.torch`` is checked like code that imports torch.
    """

    def __init__(self, index: Index, aliases: Mapping[str, str] | None = None) -> None:
        self._index = index
        self._aliases = {**_ALIASES, **(aliases or {})}
        self._roots: dict[tuple[Scope, str], Resolution] = {}
        self._calls: dict[tuple[cst.Call, Scope], Resolution] = {}
        self._resolving: set[tuple[Scope, str]] = set()
        self._source_packages = frozenset(
            name.partition(".")[0]
            for name in (*self._aliases, *HANDLE_FACTORIES, *_IMPORT_FUNCTIONS)
        )

    def may_yield_torch(self, name: str) -> bool:
        """Whether torch can come from the qualified ``name``, which is not torch's own."""
        return name.partition(".")[0] in self._source_packages or (
            meaning_of_export(name) is not None or name.endswith(RUNTIME_MODULE)
        )

    def use(self, use: DottedUse) -> Resolution:
        """What the whole of ``use`` means."""
        return self.extend(self.root(use.parts[0], use.scope), use.parts[1:])

    def expression(self, node: cst.CSTNode, scope: Scope) -> Resolution:
        """What ``node`` means when it stands in ``scope``.

        Names, attributes, walruses, and the calls that yield a handle or a module.
        """
        attributes: list[str] = []
        while isinstance(node, cst.Attribute):
            attributes.append(node.attr.value)
            node = node.value
        attributes.reverse()
        return self.extend(self._primary(node, scope), tuple(attributes))

    def _primary(self, node: cst.CSTNode, scope: Scope) -> Resolution:
        if isinstance(node, cst.Name):
            return self.root(node.value, scope)
        if isinstance(node, cst.NamedExpr):
            return self.expression(node.value, scope)
        if isinstance(node, cst.Call):
            return self._call(node, scope)
        return _UNKNOWN

    def _call(self, node: cst.Call, scope: Scope) -> Resolution:
        key = (node, scope)
        if key not in self._calls:  # a chain of calls is asked about at each of its links
            self._calls[key] = self._called(node, scope)
        return self._calls[key]

    def _called(self, node: cst.Call, scope: Scope) -> Resolution:
        function = self.expression(node.func, scope)
        if not isinstance(function, Exact):
            return _UNKNOWN
        if function.name in HANDLE_FACTORIES:
            return Exact(HANDLE)
        if function.name in _IMPORT_FUNCTIONS and len(node.args) == 1:
            module = string_value(node.args[0].value)
            if module and not module.startswith("."):
                return self.extend(Exact(module), ())
        return _UNKNOWN

    def root(self, name: str, scope: Scope) -> Resolution:
        """What the bare ``name`` means in ``scope``."""
        owner = scope.owner(name)
        if owner is None:
            return self._unbound(name)
        key = (owner, name)
        if key in self._roots:
            return self._roots[key]
        if key in self._resolving:
            return _UNKNOWN  # names assigned from each other in a circle
        self._resolving.add(key)
        try:
            resolution = self._combine(owner.bindings[name], owner)
        finally:
            self._resolving.discard(key)
        self._roots[key] = resolution
        return resolution

    def _unbound(self, name: str) -> Resolution:
        origins = [origin for origin, _ in self._index.star_imports]
        meaning = star_meaning(origins, name)
        if meaning is None:
            return _UNKNOWN
        certain = meaning.certain
        return Exact(meaning.name) if certain else Ambiguous((meaning.name,))

    def _combine(self, bindings: Iterable[Binding], owner: Scope) -> Resolution:
        candidates: set[str] = set()
        absent = False
        for binding in bindings:
            if binding.kind is BindingKind.DELETION or _assigns_itself(binding):
                continue
            resolution = self._binding(binding, owner)
            if isinstance(resolution, Unknown):
                return _UNKNOWN
            absent = absent or isinstance(resolution, Ambiguous) or _NOTHING in resolution.names
            candidates.update(resolution.names)
        candidates.discard(_NOTHING)
        if not candidates:
            return _UNKNOWN
        if len(candidates) == 1 and not absent:
            return Exact(candidates.pop())
        return Ambiguous(tuple(sorted(candidates)))

    def _binding(self, binding: Binding, owner: Scope) -> Resolution:
        if binding.kind is BindingKind.IMPORT and binding.qualified is not None:
            return self.extend(Exact(binding.qualified), ())
        if binding.kind is BindingKind.PARAMETER:
            return self._parameter(binding)
        if binding.kind is not BindingKind.ASSIGNMENT or binding.value is None:
            return _UNKNOWN
        if isinstance(binding.value, cst.Name) and binding.value.value == _NOTHING:
            return Exact(_NOTHING)
        if _replaces_nothing(binding):
            assert isinstance(binding.value, cst.BooleanOperation)
            return self.expression(binding.value.right, owner)
        return self.expression(binding.value, self._index.evaluated_in.get(binding, owner))

    def _parameter(self, binding: Binding) -> Resolution:
        """A parameter is unknown, except one that is annotated as the runtime's handle."""
        scope = self._index.evaluated_in.get(binding)
        if scope is None or binding.annotation is None:
            return _UNKNOWN
        meanings = {
            self.extend(self.root(parts[0], scope), parts[1:])
            for parts in _annotated_names(binding.annotation)
        }
        return Exact(HANDLE) if meanings == {Exact(HANDLE)} else _UNKNOWN

    def extend(self, resolution: Resolution, attributes: tuple[str, ...]) -> Resolution:
        """``resolution`` with ``attributes`` read from it, aliases replaced on the way."""
        if isinstance(resolution, Exact):
            return Exact(self._join(resolution.name, attributes))
        if isinstance(resolution, Ambiguous):
            return Ambiguous(
                tuple(sorted({self._join(name, attributes) for name in resolution.names}))
            )
        return resolution

    def _join(self, name: str, attributes: tuple[str, ...]) -> str:
        name = self._meant(name)
        for attribute in attributes:
            name = self._meant(f"{name}.{attribute}")
        return name

    def _meant(self, name: str) -> str:
        return self._aliases.get(name) or meaning_of_export(name) or name


def _assigns_itself(binding: Binding) -> bool:
    """Whether it is ``name = name``, which changes nothing."""
    value = binding.value
    return (
        binding.kind is BindingKind.ASSIGNMENT
        and isinstance(value, cst.Name)
        and value.value == binding.name
    )


def _replaces_nothing(binding: Binding) -> bool:
    """Whether it is ``name = name or other``, which only adds a meaning to the name."""
    value = binding.value
    return (
        isinstance(value, cst.BooleanOperation)
        and isinstance(value.operator, cst.Or)
        and isinstance(value.left, cst.Name)
        and value.left.value == binding.name
    )


def _annotated_names(annotation: cst.BaseExpression) -> list[tuple[str, ...]]:
    """The dotted names that an annotation allows beside ``None``: ``"A | None"`` is ``A``.

    What is neither a name nor a union of names counts as a name that means nothing.
    """
    if isinstance(annotation, cst.SimpleString):
        text = string_value(annotation) or ""
        names = [tuple(part.strip().split(".")) for part in text.split("|")]
        return [parts for parts in names if parts != (_NOTHING,)]
    if isinstance(annotation, cst.BinaryOperation):
        return [*_annotated_names(annotation.left), *_annotated_names(annotation.right)]
    if isinstance(annotation, cst.Subscript):
        optional = dotted_parts(annotation.value) or ("",)
        inner = annotation.slice[0].slice
        if optional[-1] == "Optional" and isinstance(inner, cst.Index):
            return _annotated_names(inner.value)
    parts = dotted_parts(annotation) or ("",)
    return [parts] if parts != (_NOTHING,) else []
