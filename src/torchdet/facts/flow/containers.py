"""Into containers: the elements of literals, and what is put in later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from torchdet.facts.flow.definitions import (
    Each,
    Entered,
    Item,
    Member,
    Path,
    Rest,
    Step,
    subscript_step,
)
from torchdet.facts.flow.uses import Use, UseKind
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.flow.parts import FlowParts


def comprehension_elements(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What each element of a comprehension is."""
    if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
        return node.elt
    return node.value if isinstance(node, cst.DictComp) else None


def elements_at(
    node: cst.Tuple | cst.List | cst.Set, step: Step
) -> Iterator[tuple[cst.BaseExpression, Path]]:
    """The elements that ``step`` takes, with the path that is left inside a starred one."""
    elements = node.elements
    starred = [isinstance(each, cst.StarredElement) for each in elements]
    for place, each in enumerate(elements):
        if starred[place]:
            yield each.value, (Each(),)
        elif isinstance(step, Item) and isinstance(step.key, int) and not any(starred):
            if place in (step.key, step.key + len(elements)):
                yield each.value, ()
        elif isinstance(step, Rest):
            if step.start <= place:
                yield each.value, ()
        else:
            yield each.value, ()


# The position of the argument that goes in, and whether as one element.
_FILLING_METHODS = {
    **dict.fromkeys(("add", "append", "appendleft", "put"), (0, True)),
    **dict.fromkeys(("insert", "setdefault"), (1, True)),
    **dict.fromkeys(("extend", "update"), (0, False)),
}


def filled_by(
    uses: Iterable[Use], path: Path, parts: FlowParts
) -> Iterator[tuple[cst.BaseExpression, Path]]:
    """What the uses of a container put in it where ``path`` can find it, with the path left."""
    step, rest = path[0], path[1:]
    for use in uses:
        if use.kind is UseKind.METHOD and isinstance(use.by, cst.Call):
            if not isinstance(step, Member):
                yield from _put(use.by, str(use.slot), path)
        elif use.kind is UseKind.MUTATED:
            yield from _assigned_part(use, step, rest, parts)


def _put(call: cst.Call, method: str, path: Path) -> Iterator[tuple[cst.BaseExpression, Path]]:
    place, whole = _FILLING_METHODS.get(method, (-1, False))
    for position, arg in enumerate(call.args):
        if arg.keyword is not None:
            if method == "update" and path[0] == Item(arg.keyword.value):
                yield arg.value, path[1:]
        elif position == place and not arg.star:
            yield arg.value, (path[1:] if whole else path)


def _assigned_part(
    use: Use, step: Step, rest: Path, parts: FlowParts
) -> Iterator[tuple[cst.BaseExpression, Path]]:
    bound = parts.bound(use.by)
    if bound.value is None:
        return
    if isinstance(use.by, cst.Attribute):
        if step == Member(use.by.attr.value):
            yield bound.value, (*bound.path, *rest)
    elif isinstance(use.by, cst.Subscript) and not isinstance(step, (Member, Entered)):
        at = subscript_step(use.by)
        if not isinstance(at, Item) or not isinstance(step, Item) or at == step:
            yield bound.value, (*bound.path, *rest)
