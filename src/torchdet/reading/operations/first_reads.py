"""Whether the memory of a new tensor is read before anything can have filled it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from torchdet.facts.fixed_point import FixedPoint
from torchdet.facts.flow.definitions import DefinitionKind
from torchdet.facts.lazy import cst
from torchdet.reading.operations.memory_uses import Effect, MemoryUse, memory_uses

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.succession import Succession


@dataclass(frozen=True, slots=True)
class FirstRead:
    """The node that reads first; ``certain`` where it can read no other tensor instead."""

    node: cst.CSTNode
    certain: bool


def first_read(call: cst.Call, facts: FileFacts) -> FirstRead | None:
    """What reads the memory that ``call`` gives, where nothing can have filled it before.

    On some way to that read no use may fill the memory, and on no way does the read come behind
    such a use only.
    """
    uses = memory_uses(call, facts, lambda parameter: effect_on_parameter(parameter, facts))
    by_place = {use.place: use for use in uses or ()}
    if call in by_place:  # a statement uses it where it is made
        use = by_place[call]
        return FirstRead(use.node, certain=True) if use.reads else None
    order = facts.flow.succession(call, (call, *by_place))
    found = _first(order.after(call), by_place, order)
    return None if found is None else FirstRead(found.node, _is_certain(found.through, facts))


def _first(
    next_ones: Sequence[cst.CSTNode],
    uses: Mapping[cst.CSTNode, MemoryUse],
    order: Succession,
) -> MemoryUse | None:
    """The first of the ``next_ones`` that reads, and comes behind no use that fills.

    Where none of ``uses`` runs, but what makes the tensor, the memory is a new one. A change in
    place is no harm where all is written over next.
    """
    reads = [node for node in next_ones if node in uses and uses[node].reads]
    pending = [node for node in next_ones if node in uses and node not in reads]
    if not reads:
        return None
    filling = set(pending)
    filled: set[cst.CSTNode] = set()
    while pending:
        for node in order.after(pending.pop()):
            if node in uses and uses[node].reads:
                filled.add(node)
            elif node in uses and node not in filling:
                filling.add(node)
                pending.append(node)
    found = (uses[node] for node in reads if node not in filled)
    return next((use for use in found if not _is_written_over(use, uses, order)), None)


def _is_written_over(
    use: MemoryUse, uses: Mapping[cst.CSTNode, MemoryUse], order: Succession
) -> bool:
    following = order.after(use.place) if use.effect is Effect.CHANGES else ()
    return bool(following) and all(
        node in uses and uses[node].effect is Effect.FILLS for node in following
    )


def _is_certain(through: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether the expression by which the memory is read has no other value."""
    if not isinstance(through, cst.Name):
        return True
    reaching = facts.flow.definitions(through)
    others = [each for each in reaching.definitions if each.kind is not DefinitionKind.AUGMENTED]
    chosen = any(isinstance(each.value, (cst.IfExp, cst.BooleanOperation)) for each in others)
    return len(others) == 1 and not reaching.unknown and not chosen


# What functions of the file do with a parameter; OPEN while it depends on itself.
_OPEN = None
_Answer = Effect | None
_known: WeakKeyDictionary[FileFacts, dict[cst.Param, _Answer]] = WeakKeyDictionary()


def effect_on_parameter(parameter: cst.Param, facts: FileFacts) -> Effect:
    known = _known.setdefault(facts, {})
    answers: FixedPoint[cst.Param, _Answer] = FixedPoint(known, _OPEN, _joined)
    found = answers.of(parameter, lambda each: _in_function(each, answers, facts))
    return found if found is not None else Effect.MAY_FILL


def _joined(old: _Answer, new: _Answer) -> _Answer:
    if old is None or new is None:
        return new if old is None else old
    return old if old is new else Effect.MAY_FILL


def _in_function(
    parameter: cst.Param, answers: FixedPoint[cst.Param, _Answer], facts: FileFacts
) -> _Answer:
    """What the function does first with the tensor that ``parameter`` gets."""
    asked: list[_Answer] = []

    def ask(other: cst.Param) -> Effect:
        asked.append(answers.ask(other))
        return asked[-1] or Effect.NONE

    definition = facts.flow.definition(parameter)
    uses: dict[cst.CSTNode, MemoryUse] = {}
    for each in facts.flow.uses(definition) if definition is not None else ():
        found = None if each.captured else memory_uses(each.node, facts, ask)
        if found is None:
            return Effect.MAY_FILL
        uses |= {use.place: use for use in found}
    if _OPEN in asked:
        return _OPEN
    order = facts.flow.succession(parameter, uses)
    if _first(order.first(), uses, order) is not None:
        return Effect.READS
    return Effect.MAY_FILL if uses else Effect.NONE
