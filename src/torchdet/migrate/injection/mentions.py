"""Where a file calls or names functions and classes that may be the project's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from torchdet.facts.expressions import last_name
from torchdet.facts.flow.uses import UseKind
from torchdet.facts.index import DottedUse
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import BindingKind, ScopeKind
from torchdet.migrate.injection.file_outline import (
    Binding,
    Mention,
    MentionKind,
    Target,
    TargetKind,
)
from torchdet.reading.context import Context
from torchdet.reading.handle_effects import body_of
from torchdet.reading.module_role import runs_only_as_program
from torchdet.reading.project import NOT_OF_PROJECTS, ModuleSource
from torchdet.reading.workers import is_handed_over

_FOREIGN = NOT_OF_PROJECTS | {"torchdet"}
_CALLING = frozenset({"map", "filter", "sorted"})
_CALLING_METHODS = frozenset(
    {"apply", "register_forward_hook", "register_forward_pre_hook", "register_hook"}
)
_CALLING_KEYWORDS = frozenset({"collate_fn", "worker_init_fn", "key", "target", "fn", "callback"})
_HARMLESS = frozenset({UseKind.ANNOTATION, UseKind.COMPARED, UseKind.ATTRIBUTE, UseKind.DISCARDED})


@dataclass(frozen=True, slots=True, eq=False)
class FoundMention:
    """A mention and its node: the call to pass the handle in, or the expression that is named."""

    mention: Mention
    node: cst.BaseExpression


def absolute_name(use: DottedUse, context: Context) -> str | None:
    """The absolute dotted name that ``use`` means; ``:name`` for one of the file itself."""
    facts = context.facts
    owner = use.scope.owner(use.parts[0])
    dotted = ".".join(use.parts)
    if owner is None:
        return f":{dotted}" if facts.index.star_imports else None
    bindings = owner.bindings[use.parts[0]]
    if all(each.kind is BindingKind.DEFINITION for each in bindings):
        return f":{dotted}" if owner.kind is ScopeKind.MODULE else None
    if not all(each.kind is BindingKind.IMPORT for each in bindings):
        return None
    resolution = facts.resolver.use(use)
    if not isinstance(resolution, Exact):
        return None
    name = source_of(context).absolute(resolution.name)
    return None if name.partition(".")[0] in _FOREIGN else name


def source_of(context: Context) -> ModuleSource:
    """The module of the file, to make its relative names absolute."""
    return ModuleSource(context.module_name, b"", context.path.endswith("__init__.py"))


def mentions(
    context: Context, methods: dict[cst.CSTNode, tuple[str, Binding]]
) -> Iterator[FoundMention]:
    """Every mention of the file. ``methods`` are the class and the binding of each method."""
    reader = _Mentions(context, methods)
    for uses in context.facts.index.uses.values():
        for use in uses:
            if not isinstance(use.node, cst.SimpleString):
                yield from reader.of(use)


@dataclass(frozen=True, slots=True, eq=False)
class _Mentions:
    context: Context
    methods: dict[cst.CSTNode, tuple[str, Binding]]

    def of(self, use: DottedUse) -> Iterator[FoundMention]:
        found = self._target(use)
        if found is None:
            return
        target, node = found
        within = within_of(use)
        kind, place = self._kind(node, target)
        given: frozenset[str] = frozenset()
        if isinstance(place, cst.Call):
            given = frozenset(arg.keyword.value for arg in place.args if arg.keyword is not None)
        starts = within == "" and runs_only_as_program(node, self.context.facts)
        yield FoundMention(Mention(target, kind, within, given, starts), place)

    def _target(self, use: DottedUse) -> tuple[Target, cst.BaseExpression] | None:
        if use.parts == ("super",):
            return self._of_base(use)
        own = self._of_self(use)
        if own is not None:
            return own
        name = absolute_name(use, self.context)
        return None if name is None else (Target(TargetKind.NAME, name), use.node)

    def _of_base(self, use: DottedUse) -> tuple[Target, cst.BaseExpression] | None:
        """``super().method``."""
        facts = self.context.facts
        call = facts.parent(use.node)
        method = facts.parent(call)
        owner = self._method_around(use)
        if owner is None or not isinstance(method, cst.Attribute) or method.value is not call:
            return None
        return Target(TargetKind.BASE, method.attr.value, owner[0]), method

    def _of_self(self, use: DottedUse) -> tuple[Target, cst.BaseExpression] | None:
        facts = self.context.facts
        owner = use.scope.owner(use.parts[0])
        known = self.methods.get(owner.node) if owner is not None else None
        if known is None or owner is None or not isinstance(owner.node, cst.FunctionDef):
            return None
        name, binding = known
        if binding is Binding.STATIC or use.parts[0] != first_parameter(owner.node):
            return None
        if len(use.parts) == 2:
            if use.parts[1] == "__class__":
                return Target(TargetKind.CLASS, "", name), use.node
            return Target(TargetKind.INSTANCE, use.parts[1], name), use.node
        if len(use.parts) == 1 and binding is Binding.CLASS:
            return Target(TargetKind.CLASS, "", name), use.node
        call = facts.parent(facts.parent(use.node)) if len(use.parts) == 1 else None
        if isinstance(call, cst.Call) and last_name(call.func) == "type" and len(call.args) == 1:
            return Target(TargetKind.CLASS, "", name), call
        return None

    def _method_around(self, use: DottedUse) -> tuple[str, Binding] | None:
        around = (each.node for each in use.scope.chain() if each.node in self.methods)
        return next((self.methods[node] for node in around), None)

    def _kind(
        self, node: cst.BaseExpression, target: Target
    ) -> tuple[MentionKind, cst.BaseExpression]:
        """What is done, and the node to which a handle would be added."""
        facts = self.context.facts
        parent = facts.parent(node)
        if isinstance(parent, cst.Call) and parent.func is node:
            return MentionKind.CALL, parent
        if isinstance(parent, cst.Arg) and isinstance(facts.parent(parent), cst.ClassDef):
            return MentionKind.HARMLESS, node
        use = facts.flow.use(node)
        if use.kind in _HARMLESS:
            return MentionKind.HARMLESS, node
        if use.kind is UseKind.ARGUMENT and isinstance(use.by, cst.Call):
            called = last_name(use.by.func)
            if use.slot == 0 and facts.means(use.by.func, "functools.partial"):
                return MentionKind.CALL, use.by
            if called in {"isinstance", "issubclass", "super"}:
                return MentionKind.HARMLESS, node
            calls = (
                is_handed_over(use, facts)
                or called in _CALLING
                or (called in _CALLING_METHODS and use.slot == 0)
                or use.slot in _CALLING_KEYWORDS
            )
            if calls and target.kind is TargetKind.NAME:
                return MentionKind.HANDED, node
        return MentionKind.VALUE, node


def within_of(use: DottedUse) -> str | None:
    """The dotted name of the function around ``use``, as ``Mention.within`` has it."""
    classes, body = body_of(use.scope)
    if isinstance(body, cst.FunctionDef):
        return ".".join((*classes, body.name.value))
    return "" if body is None else None


def first_parameter(function: cst.FunctionDef) -> str:
    """The name of the first positional parameter; empty without one."""
    given = (*function.params.posonly_params, *function.params.params)
    return given[0].name.value if given else ""
