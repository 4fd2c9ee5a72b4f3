"""Which lists are sorted in place or counted, by the names and attributes that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered
from torchdet.facts.walk import descendants

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def called(use: Use) -> cst.CSTNode:
    return use.by.func if isinstance(use.by, cst.Call) else use.by


def sorts(use: Use) -> bool:
    """Whether ``use`` is ``x.sort()`` or an argument of ``sorted``, ``natsorted`` and the like."""
    if use.kind is UseKind.METHOD:
        return "sort" in str(use.slot)
    return use.kind is UseKind.ARGUMENT and "sort" in (last_name(called(use)) or "").lower()


def _sorts_in_place(use: Use, facts: FileFacts) -> bool:
    if not sorts(use):
        return False
    return use.kind is UseKind.METHOD or isinstance(facts.parent(use.by), cst.Expr)


@remembered
def sorting_uses(node: cst.CSTNode, facts: FileFacts) -> tuple[cst.BaseExpression, ...]:
    """The uses of what ``node`` binds that sort it in place."""
    definition = facts.flow.definition(node)
    uses = facts.flow.uses(definition) if definition is not None else ()
    return tuple(use.node for use in uses if _sorts_in_place(use, facts))


@remembered
def sorting_reads(
    owner: cst.ClassDef, facts: FileFacts
) -> dict[str, tuple[cst.BaseExpression, ...]]:
    """The reads of attributes that sort them in place, or to assign them anew, by their names."""
    found: dict[str, tuple[cst.BaseExpression, ...]] = {}
    for name in facts.flow.attributes.members(owner).read:
        reads = facts.flow.attributes.read(owner, name)
        sorting = tuple(each for each in reads if _sorts_attribute(each, name, facts))
        if sorting:
            found[name] = sorting
    return found


def _sorts_attribute(read: cst.BaseExpression, name: str, facts: FileFacts) -> bool:
    use = facts.flow.use(read)
    if not sorts(use):
        return False
    statement = facts.parent(use.by)
    while isinstance(statement, (cst.Arg, cst.Call, cst.Subscript)):
        statement = facts.parent(statement)
    target = statement.targets[0].target if isinstance(statement, cst.Assign) else None
    return use.kind is UseKind.METHOD or target is None or last_name(target) == name


@remembered
def asks_for_len(test: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether a condition depends on how many there are of something."""
    calls = (node for node in descendants(test) if isinstance(node, cst.Call))
    return any(facts.means(call.func, "builtins.len") for call in calls)


@remembered
def is_counted(node: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether the code asks for the ``len`` of what ``node`` binds."""
    definition = facts.flow.definition(node)
    uses = facts.flow.uses(definition) if definition is not None else ()
    return any(last_name(called(use)) == "len" for use in uses if use.kind is UseKind.ARGUMENT)


@remembered
def counted_attributes(owner: cst.ClassDef, facts: FileFacts) -> frozenset[str]:
    """The attributes whose ``len`` the class asks for."""
    return frozenset(
        name
        for name in facts.flow.attributes.members(owner).read
        for read in facts.flow.attributes.read(owner, name)
        if last_name(called(facts.flow.use(read))) == "len"
    )
