"""From the text of a file to its outline, with the nodes that it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import libcst as cst

from torchdet.engine.run_rules import read_context
from torchdet.engine.settings import CheckSettings
from torchdet.facts.expressions import last_name
from torchdet.facts.handle_names import APPLYING, DEFERRED_HANDLE, HANDLE
from torchdet.facts.index import DottedUse, Wanted, dotted_parts
from torchdet.facts.resolve import Exact
from torchdet.facts.scope import BindingKind, Scope, ScopeKind
from torchdet.facts.walk import descendants
from torchdet.findings.base import Grounds
from torchdet.migrate.injection.file_outline import (
    Binding,
    ClassKind,
    ClassOutline,
    FileOutline,
    FunctionOutline,
    FunctionRole,
    MentionKind,
    TargetKind,
)
from torchdet.migrate.injection.mentions import (
    FoundMention,
    absolute_name,
    mentions,
    source_of,
    within_of,
)
from torchdet.migrate.injection.obstacles import (
    class_obstacle,
    decorators_of,
    function_obstacle,
    is_fixture,
)
from torchdet.model.source import SourceText
from torchdet.reading.context import Context
from torchdet.reading.entry_points import entry_points
from torchdet.reading.handle_effects import HandleEffect, module_effects, names_type
from torchdet.reading.module_role import ModuleRole, has_main_block, module_role
from torchdet.reading.scripted import CompiledCode

FIXTURE = "torch_handle"
"""The fixture of torchdet's pytest plugin that gives tests the handle."""

PARAMETERS = ("rt", "torch_rt", "torch_runtime")
"""What the parameter is called: the first of these that means nothing else in the project."""

_COLLECTED = re.compile(r"test_.*\.py|.*_test\.py")
_SETUP = re.compile(r"(?:setup|teardown)_(?:module|class|method|function)|(?:setUp|tearDown)\w*")
_PROGRAMS = (ModuleRole.SCRIPT, ModuleRole.NOTEBOOK)


@dataclass(frozen=True, slots=True, eq=False)
class OutlinedFile:
    """An outline with its nodes; a function that is defined twice has two."""

    context: Context
    outline: FileOutline
    functions: Mapping[str, tuple[cst.FunctionDef, ...]]
    classes: Mapping[str, cst.ClassDef]
    mentions: tuple[FoundMention, ...]
    effects: Mapping[str | None, tuple[HandleEffect, ...]]


def read_outline(path: str, source: SourceText, settings: CheckSettings) -> OutlinedFile:
    """Outline the file at ``path`` with the content ``source``. Raises ``UnparseableError``."""
    wanted = Wanted(frozenset({"Assign", "AnnAssign", "Expr"}))
    return _Reader(read_context(path, source, wanted, settings)).read()


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._facts = context.facts
        self._role = module_role(context)
        self._functions: dict[str, list[cst.FunctionDef]] = {}
        self._classes: dict[str, cst.ClassDef] = {}
        self._methods: dict[cst.CSTNode, tuple[str, Binding]] = {}
        for node, scope in self._facts.index.scopes.items():
            self._sort_in(node, scope)
        self._entries = {each.body for each in entry_points(context)}
        self._compiled = CompiledCode(self._facts)

    def _sort_in(self, node: cst.CSTNode, scope: Scope) -> None:
        around = [each for each in scope.chain() if each.kind is not ScopeKind.TYPE_PARAMETERS][
            1:-1
        ]
        if any(each.kind is not ScopeKind.CLASS for each in around):
            return
        names = [
            each.node.name.value for each in reversed(around) if isinstance(each.node, cst.ClassDef)
        ]
        if isinstance(node, cst.FunctionDef):
            self._functions.setdefault(".".join((*names, node.name.value)), []).append(node)
            if names:
                self._methods[node] = ".".join(names), _binding_of(node)
        elif isinstance(node, cst.ClassDef):
            self._classes[".".join((*names, node.name.value))] = node

    def read(self) -> OutlinedFile:
        found = tuple(mentions(self._context, self._methods))
        effects = self._effects()
        classes = {name: self._class(name, node, found) for name, node in self._classes.items()}
        functions = {
            name: self._function(name, nodes, classes, effects)
            for name, nodes in self._functions.items()
        }
        context, facts = self._context, self._facts
        source = source_of(context)
        names = {
            name: source.absolute(bindings[0].qualified)
            for name, bindings in facts.index.module_scope.bindings.items()
            if len(bindings) == 1 and bindings[0].qualified is not None
        }
        outline = FileOutline(
            path=context.path,
            module=context.module_name,
            is_package=source.is_package,
            is_test=self._role is ModuleRole.TEST,
            program=self._role in _PROGRAMS,
            main=has_main_block(facts),
            handle=self._module_handle(),
            functions=functions,
            classes=classes,
            names=names,
            stars=tuple(source.absolute(origin) for origin, _ in facts.index.star_imports),
            mentions=tuple(each.mention for each in found),
            taken=frozenset(self._taken()),
            lists_fields=re.search(r"\b(?:asdict|astuple)\(", facts.source.text) is not None,
            stray=sum(len(effects.get(name, ())) for name in ("", None)),
        )
        nodes = {name: tuple(each) for name, each in self._functions.items()}
        return OutlinedFile(context, outline, nodes, self._classes, found, effects)

    def _effects(self) -> dict[str | None, tuple[HandleEffect, ...]]:
        found: dict[str | None, list[HandleEffect]] = {}
        for each in module_effects(self._facts):
            use = DottedUse(each.name, (each.name.value,), each.scope)
            found.setdefault(within_of(use), []).append(each)
        return {name: tuple(each) for name, each in found.items()}

    def _module_handle(self) -> str:
        scope = self._facts.index.module_scope
        names = (name for name in scope.bindings if self._is_handle(name, scope))
        return next(names, "")

    def _is_handle(self, name: str, scope: Scope) -> bool:
        if self._facts.resolver.root(name, scope) != Exact(HANDLE):
            return False
        return not names_type(name, scope)

    def _taken(self) -> Iterator[str]:
        for name in PARAMETERS:
            scopes = (each for each in self._facts.index.scopes.values() if name in each.bindings)
            if any(not self._is_handle(name, each) for each in scopes):
                yield name
        for node in self._facts.index.nodes.get("Assign", ()):
            assert isinstance(node, cst.Assign)
            target = node.targets[0].target
            if (
                isinstance(target, cst.Attribute)
                and target.attr.value in PARAMETERS
                and not self._gives_handle(node.value)
            ):
                yield target.attr.value

    def _gives_handle(self, value: cst.BaseExpression) -> bool:
        if isinstance(value, cst.BooleanOperation):
            return self._gives_handle(value.right)
        fixture = self._role is ModuleRole.TEST and last_name(value) == FIXTURE
        return fixture or self._facts.means(value, HANDLE)

    # Functions.

    def _function(
        self,
        name: str,
        nodes: list[cst.FunctionDef],
        classes: Mapping[str, ClassOutline],
        effects: Mapping[str | None, tuple[HandleEffect, ...]],
    ) -> FunctionOutline:
        owner, binding = self._methods.get(nodes[0], ("", Binding.FUNCTION))
        role = self._role_of(nodes, owner, classes)
        handle, optional, obtains = self._handle_of(nodes[0], role)
        obstacle = None
        if role is not FunctionRole.TEST:
            obstacle = function_obstacle(nodes, owner, binding, self._compiled, self._context)
        return FunctionOutline(
            name=name,
            owner=owner,
            binding=binding,
            role=role,
            public=self._is_public(name),
            obstacle=obstacle,
            handle=handle,
            optional=optional,
            obtains=obtains,
            wraps=any(_takes_all(each) for each in nodes),
            decorators=tuple(self._decorators(nodes)),
            effects=len(effects.get(name, ())),
        )

    def _decorators(self, nodes: list[cst.FunctionDef]) -> Iterator[str]:
        for expression in decorators_of(nodes, self._facts):
            parts = dotted_parts(expression)
            if parts is not None:
                use = DottedUse(expression, parts, self._facts.scope(expression))
                yield absolute_name(use, self._context) or ""
            else:
                yield ""

    def _role_of(
        self, nodes: list[cst.FunctionDef], owner: str, classes: Mapping[str, ClassOutline]
    ) -> FunctionRole:
        if any(node in self._entries for node in nodes):
            return FunctionRole.ENTRY
        if self._role is not ModuleRole.TEST:
            return FunctionRole.PLAIN
        name = nodes[0].name.value
        kind = classes[owner].kind if owner else None
        if any(is_fixture(node, self._facts) for node in nodes):
            return FunctionRole.TEST
        if kind is ClassKind.TEST_CASE:
            return FunctionRole.SETUP if name.endswith("Class") else FunctionRole.PLAIN
        if _SETUP.fullmatch(name) and (not owner or kind is ClassKind.PYTEST):
            return FunctionRole.SETUP
        collected = _COLLECTED.fullmatch(PurePath(self._context.path).name) is not None
        if collected and name.startswith("test") and (not owner or kind is ClassKind.PYTEST):
            return FunctionRole.TEST
        return FunctionRole.PLAIN

    def _handle_of(self, node: cst.FunctionDef, role: FunctionRole) -> tuple[str, bool, bool]:
        """The handle's name in the function, whether it need not be passed, or is obtained."""
        scope = self._facts.index.scopes[node]
        for name, bindings in scope.bindings.items():
            if role is FunctionRole.TEST and name == FIXTURE:
                return name, False, False
            if not self._is_handle(name, scope):
                continue
            first = bindings[0]
            if first.kind is BindingKind.PARAMETER:
                return name, first.value is not None, False
            if first.kind is BindingKind.ASSIGNMENT:
                return name, False, True
        return "", False, False

    def _is_public(self, name: str) -> bool:
        """Whether code outside of the project may call it."""
        if "." not in self._context.module_name and not source_of(self._context).is_package:
            return False
        if self._role is not ModuleRole.LIBRARY:
            return False
        every = (*self._context.module_name.split("."), *name.split("."))
        return not any(each.startswith("_") and not each.endswith("__") for each in every)

    # Classes.

    def _class(
        self, name: str, node: cst.ClassDef, found: tuple[FoundMention, ...]
    ) -> ClassOutline:
        kind = self._kind_of(name, node)
        bases = tuple(self._base(each.value) for each in node.bases)
        own = f"{name}.__init__"
        return ClassOutline(
            name=name,
            kind=kind,
            bases=bases,
            initialises=own in self._functions,
            calls_base=any(_initialises_base(each, own) for each in found),
            public=self._is_public(name),
            obstacle=class_obstacle(name, node, kind, self._functions, self._context),
            stores=self._stored_by(name, node),
        )

    def _base(self, node: cst.BaseExpression) -> str:
        plain = node.value if isinstance(node, cst.Subscript) else node
        parts = dotted_parts(plain)
        if parts is None:
            return ""
        use = DottedUse(plain, parts, self._facts.scope(plain))
        known = absolute_name(use, self._context)
        return known or next(iter(self._facts.resolve(plain).names), parts[-1])

    def _kind_of(self, name: str, node: cst.ClassDef) -> ClassKind:
        names = {last_name(each.value) for each in node.bases}
        if any(each is not None and each.endswith("TestCase") for each in names):
            return ClassKind.TEST_CASE
        tests = self._role is ModuleRole.TEST and name.startswith("Test") and "." not in name
        if tests and f"{name}.__init__" not in self._functions:
            return ClassKind.PYTEST
        for each in node.decorators:
            called = each.decorator.func if isinstance(each.decorator, cst.Call) else each.decorator
            if self._facts.means(called, "dataclasses.dataclass"):
                return ClassKind.DATACLASS
        return ClassKind.PLAIN

    def _stored_by(self, name: str, node: cst.ClassDef) -> str:
        """The attribute in which instances keep the handle."""
        for row in node.body.body:
            each = row.body[0] if isinstance(row, cst.SimpleStatementLine) else None
            if isinstance(each, cst.AnnAssign) and self._facts.means(
                each.annotation.annotation, HANDLE
            ):
                return last_name(each.target) or ""
        for assign in self._facts.index.nodes.get("Assign", ()):
            assert isinstance(assign, cst.Assign)
            target = assign.targets[0].target
            parts = dotted_parts(target)
            if parts is None or len(parts) != 2 or not self._gives_handle(assign.value):
                continue
            use = DottedUse(target, parts, self._facts.scope(target))
            within = within_of(use)
            if within is not None and within.rpartition(".")[0] == name:
                return parts[1]
        return ""


def _binding_of(node: cst.FunctionDef) -> Binding:
    names = {last_name(each.decorator) for each in node.decorators}
    if "staticmethod" in names:
        return Binding.STATIC
    return Binding.CLASS if "classmethod" in names else Binding.METHOD


def _takes_all(node: cst.FunctionDef) -> bool:
    """Whether a function inside takes any arguments, and so may pass them all on."""
    inner = (each for each in descendants(node.body) if isinstance(each, cst.FunctionDef))
    return any(
        isinstance(each.params.star_arg, cst.Param) and each.params.star_kwarg is not None
        for each in inner
    )


def _initialises_base(found: FoundMention, own: str) -> bool:
    mention = found.mention
    if mention.within != own or mention.kind is not MentionKind.CALL:
        return False
    if mention.target.kind is TargetKind.BASE:
        return mention.target.name == "__init__"
    return mention.target.name.endswith(".__init__")


def bare_applications(outlined: OutlinedFile) -> Iterator[cst.Call]:
    """The rows that apply the runtime and keep no handle: ``get_torch_handle(seed=0)``."""
    facts = outlined.context.facts
    for node in facts.index.nodes.get("Expr", ()):
        assert isinstance(node, cst.Expr)
        if isinstance(node.value, cst.Call) and facts.means(node.value.func, *APPLYING):
            yield node.value


def is_deferred(value: cst.BaseExpression, outlined: OutlinedFile) -> bool:
    """Whether ``value`` is ``deferred_handle()``."""
    facts = outlined.context.facts
    return isinstance(value, cst.Call) and facts.means(value.func, DEFERRED_HANDLE)


NO_PARAMETER = Grounds(
    "it runs when the module is imported, or in a lambda there, where no handle can be passed",
    "move it into a function that receives the handle (`rt: TorchHandle`)",
)
