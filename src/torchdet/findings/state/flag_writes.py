"""Every way in which code writes one of torch's switches, told as one kind of value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.expressions import (
    Literal,
    argument,
    has_unpacking,
    is_constant,
    literal_value,
    string_value,
)
from torchdet.facts.lazy import cst
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.torch_api.library_arguments import library_setters
from torchdet.torch_api.switch_setters import SETTERS, Setter, SwitchParameter
from torchdet.torch_api.switches import Switch

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True)
class FlagStatement:
    """All writes of switches by one statement: ``a.allow_tf32 = b.allow_tf32 = True`` has two."""

    writes: tuple[FlagWrite, ...]


@dataclass(frozen=True, slots=True)
class FlagWrite:
    """One write of ``flag``.

    ``node`` is what to underline, ``spelling`` how the write reads, with ``{}`` for the value.
    ``value`` is None where no expression gives it: an augmented assignment, an unpacking, or a
    context manager whose omitted parameter means ``implied``. ``scoped`` writes are undone at
    the end of their block. A ``passing`` one is made by a call that does something else.
    """

    flag: Switch
    node: cst.CSTNode
    spelling: str
    value: cst.BaseExpression | None
    scoped: bool = False
    implied: Literal | None = None
    passing: bool = False

    @property
    def decisive(self) -> cst.BaseExpression | None:
        """The expression that decides: the first one of (reduced precision, split K)."""
        if isinstance(self.value, (cst.Tuple, cst.List)) and self.value.elements:
            return self.value.elements[0].value
        return self.value

    def is_known(self, facts: FileFacts) -> bool:
        """Whether the file shows every value that is written."""
        return self.decisive is not None and facts.flow.sources(self.decisive).complete

    def bad_values(self, facts: FileFacts) -> frozenset[Literal]:
        """The values of ``flag.bad`` that the write can give it, as far as the file tells."""
        if self.implied is not None:
            return self.flag.bad & {self.implied}
        if self.decisive is None:
            return frozenset()
        ends = facts.flow.sources(self.decisive).expressions
        return self.flag.bad.intersection(
            value for value in map(literal_value, ends) if value is not None
        )

    def accusation(self, facts: FileFacts) -> str:
        """What the write does when it gives a bad value, and what to write instead."""
        flag = self.flag
        if self.implied is not None:
            implied = self.spelling.format(self.implied)
            good = self.spelling.format(flag.good_text)
            return f"`{implied}` is implied here and {flag.effect}; pass `{good}`"
        value = self.decisive
        if value is not None and literal_value(value) is not None:
            written = self.spelling.format(facts.code(value))
            good = self.spelling.format(flag.good_text) if self.passing else flag.good_text
            return f"`{written}` {flag.effect}; write `{good}`"
        values = " or ".join(f"`{value!r}`" for value in sorted(self.bad_values(facts), key=repr))
        return (
            f"`{flag.name}` can become {values} here, which {flag.effect}; write `{flag.good_text}`"
        )

    def fix(self) -> NodeFix | None:
        """Writes the good value where a literal gives the bad one."""
        value = self.decisive
        if value is None or literal_value(value) is None:
            return None
        good = self.flag.good_text
        return NodeFix(f"Write `{good}`", Applicability.UNSAFE, (Replace(value, good),))


_Judged = TypeVar("_Judged")
WritesCheck = Callable[[tuple[FlagWrite, ...], Context], Iterator[_Judged]]
_WriteCheck = Callable[[Reference, Context], Iterator[_Judged]]


def checks_of_writes(
    flags: tuple[Switch, ...], check: WritesCheck[_Judged]
) -> dict[str, _WriteCheck[_Judged]]:
    """The table of a rule that judges writes to ``flags``.

    ``check`` is called once for each assignment, ``setattr`` and call that writes some of them.
    """
    by_name = {flag.name: flag for flag in flags}
    owners: dict[str, dict[str, Switch]] = {}
    table: dict[str, _WriteCheck[_Judged]] = {}
    for flag in flags:
        if flag.attribute:
            table[flag.name] = _assignment_check(flag, check)
            owner, _, attribute = flag.name.rpartition(".")
            owners.setdefault(owner, {})[attribute] = flag
    for owner, attributes in owners.items():
        table[owner] = _setattr_check(attributes, check)
    for setter in (*SETTERS, *library_setters()):
        if any(parameter.flag in by_name for parameter in setter.parameters):
            table[setter.name] = _setter_check(setter, by_name, check)
    return table


def _assignment_check(flag: Switch, check: WritesCheck[_Judged]) -> _WriteCheck[_Judged]:
    def assigned(reference: Reference, context: Context) -> Iterator[_Judged]:
        write = _assignment(flag, reference.node, context.facts)
        if write is not None:
            yield from check((write,), context)

    return assigned


def _assigning(flag: Switch) -> str:
    return f"{flag.name} = {{}}"


def _assignment(flag: Switch, node: cst.BaseExpression, facts: FileFacts) -> FlagWrite | None:
    """The write that the assignment to the attribute ``node`` makes; None where it is read."""
    if not isinstance(node, cst.Attribute):
        return None
    parent = facts.parent(node)
    spelling = _assigning(flag)
    if isinstance(parent, cst.AssignTarget):
        statement = facts.parent(parent)
        if isinstance(statement, cst.Assign):
            alone = len(statement.targets) == 1
            return FlagWrite(flag, statement if alone else node, spelling, statement.value)
    if isinstance(parent, cst.AnnAssign) and parent.target is node and parent.value is not None:
        return FlagWrite(flag, parent, spelling, parent.value)
    if isinstance(parent, cst.AugAssign) and parent.target is node:
        return FlagWrite(flag, parent, spelling, None)
    if isinstance(parent, cst.Element):
        return _unpacking(flag, node, parent, facts)
    return None


def _unpacking(
    flag: Switch, node: cst.Attribute, element: cst.Element, facts: FileFacts
) -> FlagWrite | None:
    """The write of one target in ``a.benchmark, b.deterministic = False, True``."""
    targets = facts.parent(element)
    target = facts.parent(targets)
    statement = facts.parent(target) if isinstance(target, cst.AssignTarget) else None
    if not isinstance(targets, (cst.Tuple, cst.List)) or not isinstance(statement, cst.Assign):
        return None
    values = statement.value
    value = None
    if isinstance(values, (cst.Tuple, cst.List)) and len(values.elements) == len(targets.elements):
        value = values.elements[targets.elements.index(element)].value
    return FlagWrite(flag, node, _assigning(flag), value)


def _setattr_check(
    attributes: Mapping[str, Switch], check: WritesCheck[_Judged]
) -> _WriteCheck[_Judged]:
    def set_by_name(reference: Reference, context: Context) -> Iterator[_Judged]:
        facts = context.facts
        argument_node = facts.parent(reference.node)
        call = facts.parent(argument_node) if isinstance(argument_node, cst.Arg) else None
        if (
            isinstance(call, cst.Call)
            and len(call.args) == 3
            and call.args[0] is argument_node
            and facts.means(call.func, "builtins.setattr")
        ):
            flag = attributes.get(string_value(call.args[1].value) or "")
            if flag is not None:
                write = FlagWrite(flag, call, _assigning(flag), call.args[2].value)
                yield from check((write,), context)

    return set_by_name


def _setter_check(
    setter: Setter, flags: Mapping[str, Switch], check: WritesCheck[_Judged]
) -> _WriteCheck[_Judged]:
    parameters = [parameter for parameter in setter.parameters if parameter.flag in flags]

    def called(reference: Reference, context: Context) -> Iterator[_Judged]:
        call = context.facts.parent(reference.node)
        if isinstance(call, cst.Call) and call.func is reference.node:
            writes = (_written(setter, p, flags[p.flag], call) for p in parameters)
            found = tuple(write for write in writes if write is not None)
            if found:
                yield from check(found, context)

    return called


def _written(
    setter: Setter, parameter: SwitchParameter, flag: Switch, call: cst.Call
) -> FlagWrite | None:
    """What ``call`` writes through ``parameter``; None where it leaves the flag alone."""
    keyword = "" if parameter.position == 0 else f"{parameter.keyword}="
    spelling = f"{keyword}{{}}" if setter.does_more else f"{setter.name}({keyword}{{}})"
    passed = argument(call, parameter.keyword, parameter.position)
    if passed is not None:
        node = call if passed.keyword is None or len(setter.parameters) == 1 else passed
        return FlagWrite(
            flag, node, spelling, passed.value, setter.scoped, passing=setter.does_more
        )
    if parameter.implied is not None and not has_unpacking(call) and _is_switched_on(setter, call):
        omitted = f"{parameter.keyword}={{}}"
        return FlagWrite(flag, call, omitted, None, setter.scoped, parameter.implied)
    return None


def _is_switched_on(setter: Setter, call: cst.Call) -> bool:
    """Whether ``call`` passes the parameter without which implied values do not matter."""
    if setter.switch is None:
        return True
    switch = argument(call, setter.switch.keyword, setter.switch.position)
    return switch is not None and is_constant(switch.value, "True")
