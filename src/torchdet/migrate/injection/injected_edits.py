"""The edits of one file by which functions and classes receive the handle and pass it on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from torchdet.edit.imports import import_names, imported_as, is_docstring, without_names
from torchdet.edit.node_edit import (
    Delete,
    InsertArgument,
    InsertBefore,
    NodeEdit,
    Replace,
    ReplaceStatement,
    StatementsBefore,
)
from torchdet.facts.scope import BindingKind, ScopeKind
from torchdet.findings.handle.handle_site import WantedNames, bind_names
from torchdet.findings.handle.torch_access import RUNTIME, TorchAccess
from torchdet.migrate.injection.file_outline import Binding, ClassKind, FunctionRole, MentionKind
from torchdet.migrate.injection.mentions import first_parameter
from torchdet.migrate.injection.parameters import added_argument, added_parameter
from torchdet.migrate.injection.read_outline import (
    FIXTURE,
    OutlinedFile,
    bare_applications,
    is_deferred,
)
from torchdet.migrate.injection.reception import FileReception, Keeping, Reception
from torchdet.reading.handle_effects import HandleEffect, leftmost
from torchdet.reading.module_role import runs_only_as_program

_TYPE, _DEFERRED, _APPLYING = "TorchHandle", "deferred_handle", "get_torch_handle"
_CALLED_WITHOUT = ("object", "ABC", "abc.ABC", "torch.nn.Module", "torch.utils.data.Dataset")


@dataclass(slots=True)
class Injection:
    """Collects the edits of one file, and the names that they need imported."""

    file: OutlinedFile
    reception: FileReception
    edits: list[NodeEdit] = field(default_factory=list)
    needed: dict[str, dict[str, None]] = field(default_factory=dict)
    rows: dict[cst.FunctionDef, list[str]] = field(default_factory=dict)
    kept_uses: set[cst.Name] = field(default_factory=set)

    def run(self) -> tuple[NodeEdit, ...]:
        """All edits of the file; none where nothing is to be written."""
        for name, reception in self.reception.functions.items():
            for node in self.file.functions[name]:
                self._receive(name, node, reception)
        for name, keeping in self.reception.classes.items():
            self._keep(name, keeping)
        for number, (keyword, expression) in self.reception.passed.items():
            self._pass(number, keyword, expression)
        for around, effects in self.file.effects.items():
            for effect in effects:
                self._use(around, effect)
        for node, rows in self.rows.items():
            self._write_rows(node, rows)
        self._start_program()
        if self.edits:
            self._drop_module_handle()
            self.edits += self._imports()
        return tuple(self.edits)

    def _import(self, module: str, name: str) -> str:
        """The name by which the file has ``name`` of ``module``, or will."""
        known = imported_as(self.file.context.facts, module, name)
        if known is None:
            self.needed.setdefault(module, {})[name] = None
        return known or name

    # Functions.

    def _receive(self, name: str, node: cst.FunctionDef, reception: Reception) -> None:
        facts, outline = self.file.context.facts, self.file.outline.functions[name]
        if reception.obtained:
            self._obtain(node, reception.name)
        if not reception.parameter:
            return
        if outline.role is FunctionRole.TEST:
            annotated = any(each.annotation for each in node.params.params) or node.returns
            typed = f": {self._import(RUNTIME, _TYPE)}" if annotated else ""
            self.edits.append(added_parameter(node, f"{FIXTURE}{typed}", facts, fixture=True))
            return
        handle = self._import(RUNTIME, _TYPE)
        text = f"{reception.name}: {handle}"
        if reception.optional:
            text += " | None = None"
            deferred = self._import(RUNTIME, _DEFERRED)
            if not _is_stub(node):
                row = f"{reception.name} = {reception.name} or {deferred}()"
                self.rows.setdefault(node, []).append(row)
        self.edits.append(added_parameter(node, text, facts))

    def _obtain(self, node: cst.FunctionDef, name: str) -> None:
        """The handle at the beginning of a function that nobody passes one to."""
        facts = self.file.context.facts
        for call in bare_applications(self.file):
            if facts.scope(call) is facts.index.scopes[node]:
                self.edits.append(self._bound(call, name))
                return
        self.rows.setdefault(node, []).append(f"{name} = {self._import(RUNTIME, _APPLYING)}()")

    def _bound(self, call: cst.Call, name: str) -> NodeEdit:
        """The row that only calls, as one that keeps what comes of it under ``name``."""
        facts = self.file.context.facts
        return ReplaceStatement(facts.parent(call), (f"{name} = {facts.code(call)}",))

    def _write_rows(self, node: cst.FunctionDef, rows: list[str]) -> None:
        body = node.body
        if isinstance(body, cst.SimpleStatementSuite):
            self.edits.append(InsertBefore(body.body[0], "".join(f"{row}; " for row in rows)))
            return
        docstring = body.body[0] if is_docstring(body.body[0]) else None
        later = [row for row in body.body if row is not docstring]
        if later:
            self.edits.append(StatementsBefore(later[0], tuple(rows)))
        else:
            assert docstring is not None
            self.edits.append(StatementsBefore(docstring, tuple(rows)))

    # Classes.

    def _keep(self, name: str, keeping: Keeping) -> None:
        if not keeping.stores:
            return
        outline = self.file.outline.classes[name]
        node = self.file.classes[name]
        if outline.kind is ClassKind.TEST_CASE:
            self._in_set_up(name, node, keeping.name)
        elif outline.kind is ClassKind.PYTEST:
            self._import_module("pytest")
            rows = (
                "@pytest.fixture(autouse=True)",
                f"def receive_handle(self, {FIXTURE}):",
                f"    self.{keeping.name} = {FIXTURE}",
            )
            self._add_method(node, rows)
        elif outline.kind is ClassKind.DATACLASS:
            self._add_field(node, keeping)
        elif keeping.initialiser:
            self._add_initialiser(node, keeping)
        else:
            for each in self.file.functions.get(f"{name}.__init__", ()):
                reception = self.reception.functions[f"{name}.__init__"]
                own = first_parameter(each) or "self"
                row = f"{own}.{keeping.name} = {reception.name}"
                if reception.optional and self.rows.get(each):
                    deferred = self._import(RUNTIME, _DEFERRED)
                    uses = self.file.effects.get(f"{name}.__init__", ())
                    if not uses and not self._passes_within(f"{name}.__init__"):
                        self.rows[each] = [f"{row} or {deferred}()"]
                        continue
                self.rows.setdefault(each, []).append(row)

    def _passes_within(self, name: str) -> bool:
        mentions = self.file.outline.mentions
        return any(mentions[number].within == name for number in self.reception.passed)

    def _in_set_up(self, name: str, node: cst.ClassDef, attribute: str) -> None:
        row = f"self.{attribute} = {self._import(RUNTIME, _APPLYING)}()"
        own = self.file.functions.get(f"{name}.setUp", ())
        for each in own:
            self.rows.setdefault(each, []).append(row)
        if not own:
            self._add_method(node, ("def setUp(self):", "    super().setUp()", f"    {row}"))

    def _add_initialiser(self, node: cst.ClassDef, keeping: Keeping) -> None:
        handle = self._import(RUNTIME, _TYPE)
        typed = f"{keeping.name}: {handle}"
        value = keeping.name
        if keeping.optional:
            typed += " | None = None"
            value += f" or {self._import(RUNTIME, _DEFERRED)}()"
        facts = self.file.context.facts
        names = [name for base in node.bases for name in facts.resolve(base.value).names or ("?",)]
        plain = all(name in _CALLED_WITHOUT for name in names)
        if plain:
            header = f"def __init__(self, *, {typed}) -> None:"
        else:
            any_ = self._import("typing", "Any")
            header = f"def __init__(self, *args: {any_}, {typed}, **kwargs: {any_}) -> None:"
        passed = "" if plain else "*args, **kwargs"
        calls = (f"    super().__init__({passed})",) if node.bases else ()
        self._add_method(node, (header, *calls, f"    self.{keeping.name} = {value}"))

    def _add_field(self, node: cst.ClassDef, keeping: Keeping) -> None:
        handle, made = self._import(RUNTIME, _TYPE), self._import("dataclasses", "field")
        default = (
            f"default_factory={self._import(RUNTIME, _DEFERRED)}, " if keeping.optional else ""
        )
        options = f"{default}repr=False, compare=False, kw_only=True"
        self._add_method(node, (f"{keeping.name}: {handle} = {made}({options})",))

    def _add_method(self, node: cst.ClassDef, rows: tuple[str, ...]) -> None:
        """``rows`` above the first method of a class."""
        if isinstance(node.body, cst.SimpleStatementSuite):
            return
        body = node.body.body
        first = next((row for row in body if isinstance(row, cst.FunctionDef)), None)
        after = [row for row in body if not is_docstring(row)]
        place = first or (after[0] if after else body[0])
        self.edits.append(StatementsBefore(place, (*rows, "")))

    # Uses and calls.

    def _use(self, name: str | None, effect: HandleEffect) -> None:
        expression = self._expression(name)
        if expression is None:
            self.kept_uses.add(effect.name)
        elif expression != effect.name.value:
            self.edits.append(Replace(effect.name, expression))

    def _expression(self, name: str | None) -> str | None:
        """The handle in the function ``name``."""
        if not name:
            return None
        reception = self.reception.functions.get(name)
        if reception is not None:
            return reception.name
        outline = self.file.outline.functions[name]
        if outline.binding is not Binding.METHOD or outline.name in self.reception.refused:
            return None
        own = first_parameter(self.file.functions[name][0]) or "self"
        keeps = outline.owner not in self.reception.refused
        return f"{own}.{self.reception.name}" if keeps else None

    def _pass(self, number: int, keyword: str, expression: str) -> None:
        found = self.file.mentions[number]
        within = found.mention.within
        if expression.startswith("self.") and within:
            own = first_parameter(self.file.functions[within][0])
            expression = f"{own or 'self'}.{expression.removeprefix('self.')}"
        text = f"{keyword}={expression}"
        if found.mention.kind is MentionKind.HANDED:
            partial = self._import("functools", "partial")
            code = self.file.context.facts.code(found.node)
            self.edits.append(Replace(found.node, f"{partial}({code}, {text})"))
        elif isinstance(found.node, cst.Call) and not found.node.args:
            self.edits.append(InsertArgument(found.node, text))
        elif isinstance(found.node, cst.Call):
            self.edits += added_argument(found.node, text, self.file.context.facts)

    def _start_program(self) -> None:
        """The handle that the code of the outermost level passes on or uses."""
        facts = self.file.context.facts
        outline = self.file.outline
        outermost = [
            self.file.mentions[number].node
            for number in self.reception.passed
            if not outline.mentions[number].within
        ]
        used = [each.name for each in self.file.effects.get("", ())]
        if not outermost and not used:
            return
        name = outline.handle or self.reception.name
        for call in bare_applications(self.file):
            if facts.scope(call).kind is ScopeKind.MODULE and runs_only_as_program(call, facts):
                self.edits.append(self._bound(call, name))
                return
        if not outline.handle:
            self.edits += bind_names(facts, WantedNames(name), TorchAccess(), outermost)

    # Imports.

    def _import_module(self, name: str) -> None:
        facts = self.file.context.facts
        if name not in facts.index.module_scope.bindings:
            self.needed.setdefault("", {})[name] = None

    def _imports(self) -> Iterator[NodeEdit]:
        facts = self.file.context.facts
        body = facts.module.body
        before = next(
            (i for i, row in enumerate(body) if isinstance(row, (cst.FunctionDef, cst.ClassDef))),
            len(body),
        )
        own = self.file.context.module_name.partition(".")[0]
        for module, names in self.needed.items():
            if module:
                beside = "torch" if module == RUNTIME else ""
                yield from import_names(
                    facts, module, tuple(names), before=before, beside=beside, own=own
                )
            else:
                index = 1 if body and is_docstring(body[0]) else 0
                yield StatementsBefore(body[index], tuple(f"import {name}" for name in names))

    def _drop_module_handle(self) -> None:
        """Take the module's handle away where nothing uses it any more."""
        facts = self.file.context.facts
        name, scope = self.file.outline.handle, facts.index.module_scope
        bindings = scope.bindings.get(name, [])
        if not name or len(bindings) != 1 or self.kept_uses:
            return
        received = {each.name for effects in self.file.effects.values() for each in effects}
        left = [each for each in facts.uses_of(name, scope) if leftmost(each.node) not in received]
        binding = bindings[0]
        if binding.kind is BindingKind.IMPORT and not left:
            statement = facts.parent(binding.node)
            if isinstance(binding.node, cst.ImportAlias) and isinstance(statement, cst.ImportFrom):
                self.edits.append(without_names(statement, [binding.node], facts))
        elif binding.value is not None and is_deferred(binding.value, self.file) and len(left) == 1:
            use = left[0]
            root = leftmost(use.node)
            if use.parts == (name, "torch") and root is not None and use.scope is scope:
                self.edits.append(Replace(root, facts.code(binding.value)))
                self.edits.append(Delete(facts.statement(binding.node)))


def _is_stub(node: cst.FunctionDef) -> bool:
    """Whether the body does nothing: a declaration, or an overload."""
    body = node.body.body
    small = (
        body[0].body if len(body) == 1 and isinstance(body[0], cst.SimpleStatementLine) else body
    )
    only = small[0] if len(small) == 1 else None
    return isinstance(only, cst.Expr) and isinstance(only.value, cst.Ellipsis)
