"""Command-line options that hold a device: where a file reads them, as far as it reads them alone.

``args.device`` can only be looked up through the handle everywhere if everywhere is seen: the
parser and its namespace must not leave the file, and each read must be a place that takes a
device.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import argument, string_value
from torchdet.facts.lazy import cst
from torchdet.facts.local_calls import receiving_parameter
from torchdet.facts.scope import ScopeKind
from torchdet.facts.walk import descendants
from torchdet.reading.devices.device_uses import is_message, takes_device

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.scope import Scope


@dataclass(frozen=True, slots=True)
class OptionReads:
    """The expressions that read an option, each in a place that takes a device.

    ``exposed`` are the names of the module by which other files might get at the parser or at its
    namespace.
    """

    nodes: tuple[cst.BaseExpression, ...]
    exposed: tuple[str, ...]


def option_reads(declaration: cst.Call, facts: FileFacts) -> OptionReads | None:
    """The places that read the option which ``add_argument(...)`` declares.

    None where that cannot be told: the option is converted, the namespace is handed on as a whole,
    written to, or read by code that may want text.
    """
    kind = argument(declaration, "type")
    if kind is not None and not facts.means(kind.value, "builtins.str"):
        return None
    func = declaration.func
    if not isinstance(func, cst.Attribute) or func.attr.value != "add_argument":
        return None
    name = _destination(declaration)
    if name is None:
        return None
    namespaces = _Namespaces(facts)
    try:
        reads = tuple(namespaces.reads_of(name))
    except _EscapesError:
        return None
    if not reads or not all(takes_device(read, facts) for read in reads):
        return None
    function = enclosing_function(declaration, facts)
    made_in = function.name.value if function is not None else func.value
    if isinstance(made_in, cst.Name):
        made_in = made_in.value
    if not isinstance(made_in, str):
        return None
    return OptionReads(reads, tuple(sorted({made_in, *namespaces.exposed})))


def _destination(declaration: cst.Call) -> str | None:
    """The attribute of the namespace: ``dest``, or the first long option."""
    given = argument(declaration, "dest")
    if given is not None:
        return string_value(given.value)
    flags = [string_value(arg.value) for arg in declaration.args if arg.keyword is None]
    long = [flag for flag in flags if flag is not None and flag.startswith("--")]
    return long[0].lstrip("-").replace("-", "_") if long else None


_CHAINED_PARSE = re.compile(r"\)(?:\s|\\|#[^\n]*\n)*\.\s*parse_args\b")
_WRITING = (cst.AssignTarget, cst.AugAssign, cst.AnnAssign, cst.Del)


class _EscapesError(Exception):
    """A namespace reaches code that is not seen, or is used as a whole."""


class _Namespaces:
    """Follows what `parse_args()` returns through one file."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        self._followed: set[tuple[object, str]] = set()
        self._reads: list[cst.BaseExpression] = []
        self.exposed: set[str] = set()

    def reads_of(self, name: str) -> Iterator[cst.BaseExpression]:
        """Every ``namespace.name`` that is read. Raises `_EscapesError`."""
        found = False
        for uses in list(self._facts.index.uses.values()):
            for use in uses:
                if use.parts[-1] == "parse_args":
                    call = self._facts.parent(use.node)
                    if not isinstance(call, cst.Call) or call.func is not use.node:
                        raise _EscapesError
                    found = True
                    self._follow_value(call, name)
                elif use.parts[-1] in {"parse_known_args", "parse_intermixed_args"}:
                    raise _EscapesError
        for attribute in self._chained_parses():
            found = True
            self._follow_value(attribute, name)
        if not found:
            raise _EscapesError
        yield from self._reads

    def _chained_parses(self) -> Iterator[cst.Call]:
        """`make_parser().parse_args()`: calls on what is no name."""
        if _CHAINED_PARSE.search(self._facts.source.text) is None:
            return
        for node in descendants(self._facts.module):
            if (
                isinstance(node, cst.Call)
                and isinstance(node.func, cst.Attribute)
                and node.func.attr.value == "parse_args"
                and isinstance(node.func.value, cst.Call)
            ):
                yield node

    def _follow_value(self, node: cst.BaseExpression, name: str) -> None:
        facts = self._facts
        parent = facts.parent(node)
        if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
            target = parent.targets[0].target
            if not isinstance(target, cst.Name):
                raise _EscapesError
            self._follow_name(target.value, facts.scope(target), name)
        elif isinstance(parent, cst.Return):
            self._follow_calls(parent, name)
        elif isinstance(parent, cst.Arg) and not is_message(node, facts):
            call = facts.parent(parent)
            received = (
                receiving_parameter(parent, call, facts) if isinstance(call, cst.Call) else None
            )
            scope = (
                facts.index.scopes.get(facts.parent(facts.parent(received)))
                if received is not None
                else None
            )
            if received is None or scope is None:
                raise _EscapesError
            self._follow_name(received.name.value, scope, name)
        elif not isinstance(parent, (cst.Expr, cst.Arg)):
            raise _EscapesError

    def _follow_calls(self, statement: cst.Return, name: str) -> None:
        function = enclosing_function(statement, self._facts)
        if function is None or self._facts.scope(function).owner(function.name.value) is None:
            raise _EscapesError
        key = (function, name)
        if key in self._followed:
            return
        self._followed.add(key)
        self.exposed.add(function.name.value)
        scope = self._facts.scope(function)
        for use in self._facts.uses_of(function.name.value, scope):
            call = self._facts.parent(use.node)
            if not isinstance(call, cst.Call) or call.func is not use.node:
                raise _EscapesError
            self._follow_value(call, name)

    def _follow_name(self, variable: str, scope: Scope, name: str) -> None:
        owner = scope.owner(variable)
        if owner is None or len(owner.bindings[variable]) != 1:
            raise _EscapesError
        if (owner, variable) in self._followed:
            return
        self._followed.add((owner, variable))
        if owner.kind is ScopeKind.MODULE:
            self.exposed.add(variable)
        for use in self._facts.uses_of(variable, scope):
            if len(use.parts) == 1:
                self._follow_value(use.node, name)
            elif use.parts[1] == "__dict__":
                raise _EscapesError
            elif use.parts[1] == name:
                self._read(use.node, len(use.parts))

    def _read(self, node: cst.BaseExpression, length: int) -> None:
        parent = self._facts.parent(node)
        if length != 2 or isinstance(parent, _WRITING):
            raise _EscapesError
        self._reads.append(node)
