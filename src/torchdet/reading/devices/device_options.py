"""Command-line options that hold a device: where a file reads them, as far as it reads them alone.

``args.device`` can only be looked up through the handle everywhere if everywhere is seen: the
parser and its namespace must not leave the file, and each read must be a place that takes a
device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.enclosing import enclosing_function
from torchdet.facts.expressions import argument
from torchdet.facts.flow.definitions import Member
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.scope import ScopeKind
from torchdet.reading.devices.device_uses import is_message, takes_device

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


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
    option = facts.flow.options.declared_by(declaration)
    exposed = _made_in(declaration, func.value, facts)
    if option is None or option.default is None or exposed is None:
        return None
    reads: list[cst.BaseExpression] = []
    names = {exposed}
    for arrival in facts.flow.reaches(option.default).every:
        read = arrival.path[-1] if arrival.path else None
        if not isinstance(read, Member):
            continue  # behind a read
        use = arrival.use
        if use.kind is UseKind.ATTRIBUTE and use.slot == read.name:
            reads += [use.by] if isinstance(use.by, cst.BaseExpression) else []
            continue
        seen = _exposed_by(use, read.name, facts)
        if seen is None:
            return None
        names |= seen
    if not reads or not all(takes_device(each, facts) for each in reads):
        return None
    return OptionReads(tuple(reads), tuple(sorted(names)))


def _made_in(declaration: cst.Call, parser: cst.BaseExpression, facts: FileFacts) -> str | None:
    """The function that declares the option, or else the name of its parser."""
    function = enclosing_function(declaration, facts)
    if function is not None:
        return function.name.value
    return parser.value if isinstance(parser, cst.Name) else None


def _exposed_by(use: Use, option: str, facts: FileFacts) -> frozenset[str] | None:
    """The names by which other files can read a namespace that is used so.

    None where it may be read as a whole, or the option be given another value.
    """
    by = use.by
    if use.kind in (UseKind.ATTRIBUTE, UseKind.METHOD, UseKind.MUTATED):
        return None if use.slot in (None, option, "__dict__") else frozenset()
    if use.kind is UseKind.DISCARDED:
        return frozenset()
    if use.kind is UseKind.ARGUMENT and isinstance(by, cst.Call):
        arg = facts.parent(use.node)
        parameter = facts.flow.parameter(by, arg) if isinstance(arg, cst.Arg) else None
        followed = parameter is not None and not parameter.star
        return frozenset() if followed or is_message(use.node, facts) else None
    if use.kind is UseKind.RETURNED:
        function = enclosing_function(use.node, facts)
        definition = facts.flow.definition(function) if function is not None else None
        if function is None or definition is None:
            return None
        called = all(each.kind is UseKind.CALLED for each in facts.flow.uses(definition))
        return frozenset({function.name.value}) if called else None
    if use.kind in (UseKind.REBOUND, UseKind.UNPACKED) and isinstance(by, cst.Assign):
        return _exposed_by_assignment(by, facts)
    return None


def _exposed_by_assignment(statement: cst.Assign, facts: FileFacts) -> frozenset[str] | None:
    exposed: set[str] = set()
    pending: list[cst.BaseExpression] = [each.target for each in statement.targets]
    for target in pending:
        if isinstance(target, (cst.Tuple, cst.List)):
            pending += [each.value for each in target.elements]
        elif not isinstance(target, cst.Name):
            return None
        elif facts.scope(target).kind is ScopeKind.MODULE:
            exposed.add(target.value)
    return frozenset(exposed)
