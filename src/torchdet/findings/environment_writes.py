"""Every way in which code writes a variable of its own environment, told as one kind of value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.expressions import string_value
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, ReferenceCheck
from torchdet.reading.context import Context, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from torchdet.facts.file_facts import FileFacts

_ONE_KEY_METHODS = frozenset({"setdefault", "pop", "__setitem__", "__delitem__"})
_REMOVING_METHODS = frozenset({"pop", "__delitem__"})


@dataclass(frozen=True, slots=True)
class EnvironmentWrite:
    """A write of the variable ``name``; ``node`` is what to underline.

    ``value`` is None where the variable is removed, or where no expression gives its value.
    """

    node: cst.CSTNode
    name: str
    value: cst.BaseExpression | None


def checks_of_environment(
    check: Callable[[EnvironmentWrite, Context], Iterator[Draft]],
) -> Mapping[str, ReferenceCheck]:
    """The table of a rule that judges writes to ``os.environ`` and by ``os.putenv``."""

    def environ(reference: Reference, context: Context) -> Iterator[Draft]:
        for write in _to_environ(reference.node, context.facts):
            yield from check(write, context)

    def putenv(reference: Reference, context: Context) -> Iterator[Draft]:
        call = context.facts.parent(reference.node)
        if isinstance(call, cst.Call) and call.func is reference.node and call.args:
            value = call.args[1].value if len(call.args) > 1 else None
            for write in _written(call, call.args[0].value, value, context.facts):
                yield from check(write, context)

    return {"os.environ": environ, "os.putenv": putenv, "os.unsetenv": putenv}


def _to_environ(node: cst.BaseExpression, facts: FileFacts) -> Iterator[EnvironmentWrite]:
    """Item assignment, ``del``, the writing methods, ``|=``."""
    parent = facts.parent(node)
    if isinstance(parent, cst.Subscript) and parent.value is node:
        yield from _item(parent, facts)
    elif isinstance(parent, cst.Attribute):
        yield from _method(parent, facts)
    elif isinstance(parent, cst.AugAssign) and parent.target is node:
        yield from _mapping(parent.value, facts)


def _item(item: cst.Subscript, facts: FileFacts) -> Iterator[EnvironmentWrite]:
    parent = facts.parent(item)
    targeted = (
        isinstance(parent, (cst.AssignTarget, cst.Del))
        or (isinstance(parent, (cst.AugAssign, cst.AnnAssign)) and parent.target is item)
        or (isinstance(parent, cst.Element) and _is_target(parent, facts))
    )
    key = item.slice[0].slice if len(item.slice) == 1 else None
    if targeted and isinstance(key, cst.Index):
        statement = facts.parent(parent) if isinstance(parent, cst.AssignTarget) else parent
        value = statement.value if isinstance(statement, (cst.Assign, cst.AnnAssign)) else None
        yield from _written(item, key.value, value, facts)


def _is_target(element: cst.Element, facts: FileFacts) -> bool:
    return isinstance(facts.parent(facts.parent(element)), (cst.AssignTarget, cst.Del))


def _method(method: cst.Attribute, facts: FileFacts) -> Iterator[EnvironmentWrite]:
    call = facts.parent(method)
    if not isinstance(call, cst.Call) or call.func is not method:
        return
    name = method.attr.value
    if name in _ONE_KEY_METHODS and call.args:
        sets = len(call.args) > 1 and name not in _REMOVING_METHODS
        yield from _written(call, call.args[0].value, call.args[1].value if sets else None, facts)
    if name == "update":
        for passed in call.args:
            if passed.keyword is None:
                yield from _mapping(passed.value, facts)
            else:
                yield EnvironmentWrite(passed, passed.keyword.value, passed.value)


def _mapping(node: cst.BaseExpression, facts: FileFacts) -> Iterator[EnvironmentWrite]:
    """A dictionary display, ``dict(...)``, or a list of pairs, written into the environment."""
    for end in facts.flow.sources(node).expressions:
        for key, value in _pairs(end):
            yield from _written(key, key, value, facts)
        if isinstance(end, cst.Call) and facts.means(end.func, "builtins.dict"):
            for passed in end.args:
                if passed.keyword is not None:
                    yield EnvironmentWrite(passed, passed.keyword.value, passed.value)


def _pairs(
    node: cst.BaseExpression,
) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression | None]]:
    if isinstance(node, cst.Dict):
        for entry in node.elements:
            if isinstance(entry, cst.DictElement):
                yield entry.key, entry.value
    elif isinstance(node, (cst.List, cst.Tuple)):
        for pair in node.elements:
            if isinstance(pair.value, (cst.Tuple, cst.List)) and pair.value.elements:
                elements = pair.value.elements
                yield elements[0].value, elements[1].value if len(elements) > 1 else None


def _written(
    node: cst.CSTNode, key: cst.BaseExpression, value: cst.BaseExpression | None, facts: FileFacts
) -> Iterator[EnvironmentWrite]:
    names = {string_value(end) for end in facts.flow.sources(key).expressions}
    for name in sorted(name for name in names if name is not None):
        yield EnvironmentWrite(node, name, value)
